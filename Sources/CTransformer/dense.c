#include "cdense.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

int cdense_is_available(void) { return __builtin_cpu_supports("avx512f"); }

// Columns whose weights are in the second-level cache at once, and rows after which the next columns follow,
// while their inputs are still there.
enum { column_block = 192, row_block = 512 };

// The size of the second-level cache, about.
enum { second_level_bytes = 2 << 20 };

// Φ(a) − ½ for 0 ≤ a < 6 in 32 pieces of the same length, each by the first six terms of its Taylor series
// around its middle, in units of a piece: Φ's derivatives are the density times Hermite's polynomials.
enum { pieces = 32, terms = 6 };
static const float piece_end = 6;
static float piece_terms[terms][pieces] __attribute__((aligned(64)));

__attribute__((constructor)) static void fill_pieces(void) {
  double length = piece_end / (double)pieces;
  for (int piece = 0; piece < pieces; piece++) {
    double c = (piece + 0.5) * length, density = exp(-c * c / 2) / sqrt(2 * M_PI);
    double hermite[terms - 1] = {1, c, c * c - 1, c * c * c - 3 * c, c * c * c * c - 6 * c * c + 3};
    piece_terms[0][piece] = (float)(erf(c / sqrt(2)) / 2);
    double factor = length;
    for (int term = 1; term < terms; term++) {
      piece_terms[term][piece] = (float)((term % 2 ? 1 : -1) * factor * density * hermite[term - 1]);
      factor *= length / (term + 1);
    }
  }
}

// From here to the end for AVX-512.
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

#include "products.h"

INLINE singles piece_term(int term, words piece) {
  return (singles)_mm512_permutex2var_ps((__m512)load(piece_terms[term]), (__m512i)piece,
                                         (__m512)load(piece_terms[term] + lanes));
}

INLINE singles gelu(singles x) {
  singles a = (singles)_mm512_abs_ps((__m512)x) * ((float)pieces / piece_end);
  // The last piece also for all that is larger; what is no number stays none.
  a = a > pieces - 0.001f ? splat(pieces - 0.001f) : a;
  words piece = (words)_mm512_cvttps_epi32((__m512)a);
  singles h = a - (__builtin_convertvector(piece, singles) + 0.5f);
  singles half = piece_term(terms - 1, piece);
#pragma unroll
  for (int term = terms - 2; term >= 0; term--) half = fused(half, h, piece_term(term, piece));
  // Φ(x) = ½ ± (Φ(|x|) − ½)
  words sign = (words)x & (words)splat(-0.0f);
  return x * (0.5f + (singles)((words)half ^ sign));
}

// x / (1 + e^(−factor x))
INLINE singles times_sigmoid(singles x, float factor) {
  singles y = x * factor;
  singles e = exponential(y > 0.0f ? -y : y);
  return x * (y > 0.0f ? splat(1) : e) / (1.0f + e);
}

// max(x, 0), and no number for none.
INLINE singles rectified(singles x) { return x < 0.0f ? splat(0) : x; }

INLINE singles load_some(const float *from, size_t count) {
  if (count >= lanes) return load(from);
  singles values = splat(0);
  memcpy(&values, from, count * sizeof(float));
  return values;
}

// Past the caches where `streams` and the vector is one of their lines.
INLINE void store_some(float *to, singles values, size_t count, bool streams) {
  if (count >= lanes && streams && (uintptr_t)to % sizeof values == 0) {
    __builtin_nontemporal_store(values, (singles *)to);
  } else if (count >= lanes) {
    store(to, values);
  } else {
    memcpy(to, &values, count * sizeof(float));
  }
}

// Writes sums of a few rows as results; all pointers are at the first column.
INLINE void finish(
    const cdense_function function, const cdense_shape *shape, size_t rows, size_t columns,
    const float *sums, const float *bias, const float *residual, float *target, bool streams) {
  for (size_t row = 0; row < rows; row++) {
    for (size_t j = 0; j < columns; j += lanes) {
      size_t some = columns - j, place = row * shape->target_stride + j / lanes * shape->target_block;
      singles value = load(sums + row * column_block + j);
      if (bias) value += load_some(bias + j, some);
      if (function == cdense_relu || function == cdense_relu6) value = rectified(value);
      if (function == cdense_relu6) value = value > 6.0f ? splat(6) : value;
      if (function == cdense_gelu) value = gelu(value);
      if (function == cdense_gelu_sigmoid) value = times_sigmoid(value, 1.702f);
      if (function == cdense_silu) value = times_sigmoid(value, 1);
      if (residual) value += load_some(residual + place, some);
      if (function == cdense_relu_of_sum) value = rectified(value);
      store_some(target + place, value, some, streams);
    }
  }
}

size_t cdense_packed_count(size_t inputs, size_t outputs) { return inputs * rounded(outputs); }

void cdense_pack(size_t inputs, size_t outputs, const float *weights, float *packed) {
  for (size_t column = 0; column < outputs; column += column_block) {
    pack_rows(weights + column, outputs, inputs, smaller(column_block, outputs - column),
              most_vectors, packed + column * inputs);
  }
}

size_t cdense_scratch_count(void) { return row_block * column_block; }

size_t cdense_column_block(void) { return column_block; }

size_t cdense_row_group(void) { return most_rows; }

// Each function is a constant where it is inlined.
#define FINISH(function)                                                              \
  case function:                                                                      \
    finish(function, shape, some, columns, sums, shift, added, to, streams);          \
    break;

void cdense_rows(const cdense_shape *shape, size_t rows, size_t first, size_t end,
                 const float *source, const float *packed, const float *bias, const float *residual,
                 float *target, float *scratch) {
  size_t height = shape->inputs, sum = shape->sum;
  // More results than the second-level cache holds are written past it: it then need not read what is
  // there before, and keeps weights and inputs instead. A residual is mostly where the results go.
  bool streams = !residual && rows * (end - first) * sizeof(float) > second_level_bytes;
  // Sums are kept from one part of the inputs to the next.
  bool is_whole = height <= sum;
  size_t step = is_whole ? rows : row_block;
  for (size_t block = 0; block < rows; block += step) {
    size_t block_end = smaller(block + step, rows);
    for (size_t column = first; column < end; column += column_block) {
      size_t columns = smaller(column_block, end - column);
      const float *weights = packed + column * height;
      for (size_t start = 0; start < height || start == 0; start += sum) {
        size_t count = smaller(sum, height - start);
        for (size_t row = block; row < block_end; row += most_rows) {
          // Where there are fewer rows, the last is computed again in place of those that are missing.
          size_t some = smaller(most_rows, block_end - row);
          const float *a[most_rows];
          for (size_t i = 0; i < most_rows; i++) {
            a[i] = source + (row + smaller(i, some - 1)) * shape->source_stride +
                   start / lanes * shape->source_block;
          }
          float *sums = is_whole ? scratch : scratch + (row - block) * column_block;
          multiply(most_rows, most_vectors, start > 0, a, shape->source_block, weights, height, start,
                   count, rounded(columns), sums, column_block);
          if (start + count < height) continue;
          size_t place = row * shape->target_stride + column / lanes * shape->target_block;
          float *to = target + place;
          const float *added = residual ? residual + place : NULL;
          const float *shift = bias ? bias + column : NULL;
          switch (shape->function) {
            FINISH(cdense_identity)
            FINISH(cdense_relu)
            FINISH(cdense_relu6)
            FINISH(cdense_gelu)
            FINISH(cdense_gelu_sigmoid)
            FINISH(cdense_silu)
            FINISH(cdense_relu_of_sum)
          }
        }
      }
    }
  }
  // What was written past the caches comes before whatever tells other threads that it is there.
  if (streams) _mm_sfence();
}

#undef FINISH

#pragma clang attribute pop

#else

int cdense_is_available(void) { return 0; }

size_t cdense_packed_count(size_t inputs, size_t outputs) { return inputs * outputs; }

void cdense_pack(size_t inputs, size_t outputs, const float *weights, float *packed) {
  (void)inputs, (void)outputs, (void)weights, (void)packed;
}

size_t cdense_scratch_count(void) { return 0; }

size_t cdense_column_block(void) { return 1; }

size_t cdense_row_group(void) { return 1; }

void cdense_rows(const cdense_shape *shape, size_t rows, size_t first, size_t end,
                 const float *source, const float *packed, const float *bias, const float *residual,
                 float *target, float *scratch) {
  (void)shape, (void)rows, (void)first, (void)end, (void)source, (void)packed, (void)bias;
  (void)residual, (void)target, (void)scratch;
}

#endif
