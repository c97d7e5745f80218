// Attention of one head, softmax(scale · Q Kᵀ) V, in Float32.
//
// C rather than Swift for one reason: the same lines are compiled for several sets of vector
// instructions, and the processor at hand decides which are run.

#ifndef CATTENTION_H
#define CATTENTION_H

#include <stddef.h>

// How large everything is; distances between rows count numbers.
typedef struct {
  size_t rows;         // of queries and results
  size_t keys;         // rows of keys and values
  size_t width;        // of queries and keys
  size_t value_width;  // of values and results
  size_t query_stride, key_stride, value_stride, result_stride;
  float scale;
} cattention_shape;

// Whether the processor has the vectors that this is written for.
int cattention_is_available(void);

// How many numbers of scratch memory a call takes; faster where it begins at a multiple of 64 bytes.
size_t cattention_scratch_count(const cattention_shape *shape);

// Each row of the result is the mean of the values, weighted by the softmax over the keys of its query's
// products with them. There is at least one key, and cattention_is_available() is true.
void cattention_head(const cattention_shape *shape, const float *queries, const float *keys,
                     const float *values, float *result, float *scratch);

// The same by AVX2, whatever the processor has besides, for comparison.
void cattention_head_avx2(const cattention_shape *shape, const float *queries, const float *keys,
                          const float *values, float *result, float *scratch);

#endif
