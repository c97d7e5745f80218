// What the kernels share: vectors of sixteen numbers, and products of a few rows of one matrix and a few
// vectors of columns of another.

#ifndef PRODUCTS_H
#define PRODUCTS_H

#if defined(__x86_64__)

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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
// b + k · vectors · lanes; added at the end to what is there where `adds`, since short sums lose less. Each
// sixteen numbers of a row of a lie `a_block` from the last. Rows and vectors are constants where this is
// inlined, so that sums stay in registers.
INLINE void multiply_tile(const int rows, const int vectors, bool adds, const float *const *a,
                          size_t a_block, const float *b, size_t count, float *to,
                          size_t to_stride) {
  singles sums[most_rows][most_vectors];
#pragma unroll
  for (int row = 0; row < rows; row++) {
#pragma unroll
    for (int z = 0; z < vectors; z++) sums[row][z] = splat(0);
  }
  for (size_t start = 0; start < count; start += lanes) {
    size_t first = start / lanes * a_block, end = first + smaller(lanes, count - start);
    for (size_t k = first; k < end; k++, b += vectors * lanes) {
      singles columns[most_vectors];
#pragma unroll
      for (int z = 0; z < vectors; z++) columns[z] = load(b + z * lanes);
#pragma unroll
      for (int row = 0; row < rows; row++) {
        singles factor = splat(a[row][k]);
#pragma unroll
        for (int z = 0; z < vectors; z++) sums[row][z] = fused(factor, columns[z], sums[row][z]);
      }
    }
  }
#pragma unroll
  for (int row = 0; row < rows; row++) {
#pragma unroll
    for (int z = 0; z < vectors; z++) {
      float *place = to + row * to_stride + z * lanes;
      store(place, adds ? load(place) + sums[row][z] : sums[row][z]);
    }
  }
}

// How many vectors of columns come together next, of `left`: one more than the most are not the most and
// a single one, which would wait for every sum.
INLINE int next_tile(size_t left, int most) {
  if (most > 1 && left == (size_t)most + 1) return most - 1;
  return (int)smaller(left, most);
}

// Products of `rows` rows of a, each of `count` numbers, and `columns` columns of b, which lies in tiles of
// at most `vectors` vectors, each of `height` rows. The first of b's rows that counts is number `start`.
INLINE void multiply(const int rows, const int vectors, bool adds, const float *const *a,
                     size_t a_block, const float *b, size_t height, size_t start, size_t count,
                     size_t columns, float *to, size_t to_stride) {
  for (size_t first = 0; first < columns;) {
    int tile = next_tile((columns - first) / lanes, vectors);
    const float *part = b + first * height + start * tile * lanes;
    if (tile == vectors) {
      multiply_tile(rows, vectors, adds, a, a_block, part, count, to + first, to_stride);
    } else if (tile == 2) {
      multiply_tile(rows, 2, adds, a, a_block, part, count, to + first, to_stride);
    } else {
      multiply_tile(rows, 1, adds, a, a_block, part, count, to + first, to_stride);
    }
    first += tile * lanes;
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

#endif

#endif
