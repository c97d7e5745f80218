// The sums over pairs of Float32 values from which a change follows, in one pass.
//
// C rather than Swift for one reason: the same lines are compiled for several sets of vector
// instructions, and the processor at hand decides which are run.

#ifndef CCHANGESUMS_H
#define CCHANGESUMS_H

#include <stddef.h>
#include <stdint.h>

// Values before are a, values after are b; each is widened to Float64 first.
typedef struct {
  double squares_before;     // Σ a²
  double squares_after;      // Σ b²
  double squares_of_change;  // Σ (b − a)²
  double product;            // Σ a b
  float largest;             // max |b − a|, in Float32; not meaningful when a value is NaN
  uint32_t largest_distance; // the most Float32 numbers from a to b; 0 and −0 are one
  int64_t changed_count;     // how many differ; 0 and −0 do not
} cchangesums_block;

// The sums over `count` pairs, fewer than 2³¹, at any addresses. The order of additions is fixed:
// the result is the same to the bit on every processor.
void cchangesums_single(const void *before, const void *after, size_t count,
                        cchangesums_block *sums);

// The sums by the plainest instructions, for comparison.
void cchangesums_single_baseline(const void *before, const void *after, size_t count,
                                 cchangesums_block *sums);

#endif
