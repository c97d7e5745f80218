#include "cattention.h"

#include "products.h"

#if defined(__x86_64__)

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
    multiply(rows, vectors, false, a, lanes, packed_keys, shape->width, 0, shape->width, columns,
             scores, columns);
    for (int row = 0; row < rows; row++) {
      shares[row] = weigh(scores + row * columns, shape->keys, shape->scale);
    }
    multiply(rows, vectors, false, weights, lanes, packed_values, shape->keys, 0, shape->keys, width,
             means, width);
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
