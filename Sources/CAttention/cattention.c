#include "cattention.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

// No fused multiply-add but where it says so: a score less the largest must not lie above zero.
#pragma clang fp contract(off)
// Functions with vectors as arguments are all inlined, so how they would be called does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

enum { lanes = 16 };
typedef float singles __attribute__((ext_vector_type(lanes)));
typedef int32_t words __attribute__((ext_vector_type(lanes)));

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Enough for `count` numbers, in whole vectors.
INLINE size_t rounded(size_t count) { return (count + lanes - 1) / lanes * lanes; }

INLINE singles load(const float *from) {
  singles values;
  memcpy(&values, from, sizeof values);
  return values;
}

INLINE void store(float *to, singles values) { memcpy(to, &values, sizeof values); }

INLINE singles splat(float value) { return (singles)value; }

INLINE singles fused(singles a, singles b, singles c) { return __builtin_elementwise_fma(a, b, c); }

INLINE singles larger(singles a, singles b) { return a > b ? a : b; }

// exp x for x ≤ 0, to some two units in the last place; 0 below −87, and no number for none.
INLINE singles exponential(singles x) {
  // x = n ln 2 + r, |r| ≤ ln 2 / 2; ln 2 in two parts, the first so short that n times it is exact.
  singles n = __builtin_elementwise_roundeven(x * 1.44269504f);
  // Also for what is no number, which `larger` does not keep.
  n = larger(n, splat(-126));
  singles r = fused(n, splat(-0.693359375f), x);
  r = fused(n, splat(2.12194440e-4f), r);
  // The polynomial of Cephes' expf.
  singles p = splat(1.9875691500e-4f);
  p = fused(p, r, splat(1.3981999507e-3f));
  p = fused(p, r, splat(8.3334519073e-3f));
  p = fused(p, r, splat(4.1665795894e-2f));
  p = fused(p, r, splat(1.6666665459e-1f));
  p = fused(p, r, splat(5.0000001201e-1f));
  p = fused(p, r * r, r) + 1.0f;
  words power = (__builtin_convertvector(n, words) + 127) << 23;
  return x < -87.0f ? splat(0) : p * (singles)power;
}

// How many rows, and how many vectors of columns, are computed together: as many sums as there are
// registers for.
enum { most_rows = 8, most_vectors = 3 };

// Products of `rows` rows of a and `vectors` vectors of columns of b, of which row k begins at
// b + k · vectors · lanes. Both are constants where this is inlined, so that sums stay in registers.
INLINE void multiply_tile(const int rows, const int vectors, const float *const *a, const float *b,
                          size_t count, float *to, size_t to_stride) {
  singles sums[most_rows][most_vectors];
#pragma unroll
  for (int row = 0; row < rows; row++) {
#pragma unroll
    for (int z = 0; z < vectors; z++) sums[row][z] = splat(0);
  }
  for (size_t k = 0; k < count; k++) {
    singles columns[most_vectors];
#pragma unroll
    for (int z = 0; z < vectors; z++) columns[z] = load(b + (k * vectors + z) * lanes);
#pragma unroll
    for (int row = 0; row < rows; row++) {
      singles factor = splat(a[row][k]);
#pragma unroll
      for (int z = 0; z < vectors; z++) sums[row][z] = fused(factor, columns[z], sums[row][z]);
    }
  }
#pragma unroll
  for (int row = 0; row < rows; row++) {
#pragma unroll
    for (int z = 0; z < vectors; z++) store(to + row * to_stride + z * lanes, sums[row][z]);
  }
}

// How many vectors of columns come together next, of `left`: one more than the most are not the most and
// a single one, which would wait for every sum.
INLINE int next_tile(size_t left, int most) {
  if (most > 1 && left == (size_t)most + 1) return most - 1;
  return (int)smaller(left, most);
}

// Products of `rows` rows of a, each of `count` numbers, and all columns of b, which is in tiles of at
// most `vectors` vectors.
INLINE void multiply(const int rows, const int vectors, const float *const *a, const float *b,
                     size_t count, size_t columns, float *to) {
  for (size_t first = 0; first < columns;) {
    int tile = next_tile((columns - first) / lanes, vectors);
    const float *part = b + first * count;
    if (tile == vectors) {
      multiply_tile(rows, vectors, a, part, count, to + first, columns);
    } else if (tile == 2) {
      multiply_tile(rows, 2, a, part, count, to + first, columns);
    } else {
      multiply_tile(rows, 1, a, part, count, to + first, columns);
    }
    first += tile * lanes;
  }
}

// Where the parts of the scratch memory begin: keys as columns, values in tiles of columns, and the
// scores and results of a few rows.
INLINE size_t values_offset(const cattention_shape *shape) {
  return rounded(shape->keys) * shape->width;
}

INLINE size_t scores_offset(const cattention_shape *shape) {
  return values_offset(shape) + rounded(shape->value_width) * shape->keys;
}

INLINE size_t results_offset(const cattention_shape *shape) {
  return scores_offset(shape) + most_rows * rounded(shape->keys);
}

size_t cattention_scratch_count(const cattention_shape *shape) {
  return results_offset(shape) + most_rows * rounded(shape->value_width);
}

// Rows and columns exchanged: each round deals the first and the second half of the rows in turn.
INLINE void transpose(singles rows[lanes]) {
#pragma unroll
  for (int round = 0; round < 4; round++) {
    singles dealt[lanes];
#pragma unroll
    for (int i = 0; i < lanes / 2; i++) {
      singles a = rows[i], b = rows[i + lanes / 2];
      dealt[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                                             7, 23);
      dealt[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                                 14, 30, 15, 31);
    }
#pragma unroll
    for (int i = 0; i < lanes; i++) rows[i] = dealt[i];
  }
}

// The rows `from` as columns, in tiles of at most `vectors` vectors; columns beyond the last are zeros.
INLINE void pack_columns(const float *from, size_t stride, size_t rows, size_t width, int vectors,
                         float *to) {
  for (size_t first = 0; first < rows;) {
    size_t tile = next_tile(rounded(rows - first) / lanes, vectors) * lanes;
    for (size_t start = 0; start < tile; start += lanes) {
      const float *row = from + (first + start) * stride;
      size_t some = smaller(lanes, rows - first - start), k = 0;
      for (; k + lanes <= width; k += lanes) {
        singles block[lanes];
        for (size_t j = 0; j < lanes; j++) {
          block[j] = j < some ? load(row + j * stride + k) : splat(0);
        }
        transpose(block);
        for (size_t j = 0; j < lanes; j++) store(to + (k + j) * tile + start, block[j]);
      }
      for (; k < width; k++) {
        float *column = to + k * tile + start;
        for (size_t j = 0; j < lanes; j++) column[j] = j < some ? row[j * stride + k] : 0;
      }
    }
    first += tile;
    to += tile * width;
  }
}

// The rows `from` in tiles of at most `vectors` vectors of columns; columns beyond the last are zeros.
INLINE void pack_rows(const float *from, size_t stride, size_t rows, size_t width, int vectors,
                      float *to) {
  for (size_t first = 0; first < width;) {
    size_t tile = next_tile(rounded(width - first) / lanes, vectors) * lanes;
    size_t whole = smaller(tile, width - first) / lanes * lanes;
    size_t rest = smaller(tile, width - first) - whole;
    for (size_t row = 0; row < rows; row++) {
      const float *source = from + row * stride + first;
      for (size_t j = 0; j < whole; j += lanes) store(to + j, load(source + j));
      if (rest > 0) {
        singles last = splat(0);
        memcpy(&last, source + whole, rest * sizeof(float));
        store(to + whole, last);
      }
      to += tile;
    }
    first += tile;
  }
}

INLINE float sum_of(singles values) {
  __typeof__(values.lo) eight = values.lo + values.hi;
  __typeof__(eight.lo) four = eight.lo + eight.hi;
  return (four[0] + four[2]) + (four[1] + four[3]);
}

INLINE float largest_of(singles values) {
  __typeof__(values.lo) eight = values.lo > values.hi ? values.lo : values.hi;
  __typeof__(eight.lo) four = eight.lo > eight.hi ? eight.lo : eight.hi;
  float a = four[0] > four[2] ? four[0] : four[2], b = four[1] > four[3] ? four[1] : four[3];
  return a > b ? a : b;
}

// Turns scores into exponentials whose largest is 1; gives the reciprocal of their sum. What lies beyond
// the last key gets no weight.
INLINE float weigh(float *scores, size_t keys, float scale) {
  size_t end = rounded(keys) - lanes;
  words lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  words is_key = lane < (int32_t)(keys - end);
  singles most = is_key ? load(scores + end) * scale : -INFINITY;
  for (size_t j = 0; j < end; j += lanes) most = larger(most, load(scores + j) * scale);
  float largest = largest_of(most);
  singles total = splat(0);
  for (size_t j = 0; j < end; j += lanes) {
    singles weight = exponential(load(scores + j) * scale - largest);
    total += weight;
    store(scores + j, weight);
  }
  singles last = exponential(load(scores + end) * scale - largest);
  last = is_key ? last : splat(0);
  store(scores + end, last);
  return 1 / sum_of(total + last);
}

// Both products, `rows` rows at a time by tiles of at most `vectors` vectors.
INLINE void attend(const int rows, const int vectors, const cattention_shape *shape,
                   const float *queries, const float *keys, const float *values, float *result,
                   float *scratch) {
  float *packed_keys = scratch, *packed_values = scratch + values_offset(shape);
  float *scores = scratch + scores_offset(shape), *means = scratch + results_offset(shape);
  size_t columns = rounded(shape->keys), width = rounded(shape->value_width);
  pack_columns(keys, shape->key_stride, shape->keys, shape->width, vectors, packed_keys);
  pack_rows(values, shape->value_stride, shape->keys, shape->value_width, vectors, packed_values);
  for (size_t start = 0; start < shape->rows; start += rows) {
    // Where there are fewer rows, the last is computed again in place of those that are missing.
    size_t some = smaller(rows, shape->rows - start);
    const float *a[most_rows], *weights[most_rows];
    float shares[most_rows];
    for (int row = 0; row < rows; row++) {
      a[row] = queries + (start + smaller(row, some - 1)) * shape->query_stride;
      weights[row] = scores + row * columns;
    }
    multiply(rows, vectors, a, packed_keys, shape->width, columns, scores);
    for (int row = 0; row < rows; row++) {
      shares[row] = weigh(scores + row * columns, shape->keys, shape->scale);
    }
    multiply(rows, vectors, weights, packed_values, shape->keys, width, means);
    for (size_t row = 0; row < some; row++) {
      float *mean = means + row * width;
      for (size_t j = 0; j < width; j += lanes) store(mean + j, load(mean + j) * shares[row]);
      memcpy(result + (start + row) * shape->result_stride, mean,
             shape->value_width * sizeof(float));
    }
  }
}

__attribute__((target("avx2,fma"))) void cattention_head_avx2(
    const cattention_shape *shape, const float *queries, const float *keys, const float *values,
    float *result, float *scratch) {
  attend(6, 1, shape, queries, keys, values, result, scratch);
}

__attribute__((target("avx512f"))) static void attend_avx512(
    const cattention_shape *shape, const float *queries, const float *keys, const float *values,
    float *result, float *scratch) {
  attend(8, 3, shape, queries, keys, values, result, scratch);
}

int cattention_is_available(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

void cattention_head(const cattention_shape *shape, const float *queries, const float *keys,
                     const float *values, float *result, float *scratch) {
  if (__builtin_cpu_supports("avx512f")) {
    attend_avx512(shape, queries, keys, values, result, scratch);
  } else {
    cattention_head_avx2(shape, queries, keys, values, result, scratch);
  }
}

#else

int cattention_is_available(void) { return 0; }

size_t cattention_scratch_count(const cattention_shape *shape) {
  (void)shape;
  return 0;
}

void cattention_head(const cattention_shape *shape, const float *queries, const float *keys,
                     const float *values, float *result, float *scratch) {
  (void)shape, (void)queries, (void)keys, (void)values, (void)result, (void)scratch;
}

void cattention_head_avx2(const cattention_shape *shape, const float *queries, const float *keys,
                          const float *values, float *result, float *scratch) {
  (void)shape, (void)queries, (void)keys, (void)values, (void)result, (void)scratch;
}

#endif
