// Dense layers, f(X W + b) + R, in Float32, and convolutions by windows of 1 × 1, which are dense layers of
// each position.
//
// C rather than Swift for one reason: the lines are compiled for vector instructions that not every
// processor has, and the processor at hand decides whether they are run.

#ifndef CDENSE_H
#define CDENSE_H

#include <stddef.h>

// A function of each sum x.
typedef enum {
  cdense_identity,
  cdense_relu,          // max(x, 0)
  cdense_relu6,         // min(max(x, 0), 6)
  cdense_gelu,          // x Φ(x), Φ the normal distribution's function
  cdense_gelu_sigmoid,  // x / (1 + e^(−1.702 x))
  cdense_silu,          // x / (1 + e^(−x))
  cdense_relu_of_sum,   // max(x, 0) of the sum with the residual
} cdense_function;

// How large everything is; distances count numbers.
typedef struct {
  size_t inputs, outputs;
  size_t source_stride, target_stride;  // from one row to the next
  // From each sixteen numbers of a row to the next sixteen: 16 where rows lie whole, more where channels
  // lie in blocks.
  size_t source_block, target_block;
  // After how many products a sum is put to those before it, at most 1024 and a multiple of 16: sums of a
  // few lose less.
  size_t sum;
  cdense_function function;
} cdense_shape;

// Whether the processor has the vectors that this is written for (AVX-512).
int cdense_is_available(void);

// How many numbers packed weights take.
size_t cdense_packed_count(size_t inputs, size_t outputs);

// Arranges weights, inputs × outputs row by row, as cdense_rows() reads them.
void cdense_pack(size_t inputs, size_t outputs, const float *weights, float *packed);

// How many numbers of scratch memory a call takes; faster where it begins at a multiple of 64 bytes.
size_t cdense_scratch_count(void);

// How many columns are computed together: what `first` is best a multiple of.
size_t cdense_column_block(void);

// How many rows are computed together: what the number of rows is best a multiple of.
size_t cdense_row_group(void);

// Columns `first` to before `end` of the results for so many rows, of which no column depends on the
// others. `first` is a multiple of cdense_column_block(), `end` too or the number of outputs.
//
// Each is f(sum of products + bias) + residual, or f(sum of products + bias + residual). `bias` has a number for each output and may be null.
// `residual` lies as the target does, may be the target, and may be null.
void cdense_rows(const cdense_shape *shape, size_t rows, size_t first, size_t end,
                 const float *source, const float *packed, const float *bias, const float *residual,
                 float *target, float *scratch);

#endif
