#include "cchangesums.h"

#include <string.h>

// No fused multiply-add: processors without it would give other bits.
#pragma clang fp contract(off)
// Functions with vectors as arguments are all inlined, so how they would be called does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float singles __attribute__((ext_vector_type(16)));
typedef int32_t signed_words __attribute__((ext_vector_type(16)));
typedef uint32_t words __attribute__((ext_vector_type(16)));
typedef double doubles __attribute__((ext_vector_type(8)));

typedef struct {
  doubles squares_before[2], squares_after[2], squares_of_change[2], product[2];
  singles largest;
  words distance;
  // Minus one for each change.
  signed_words changes;
} lanes;

// Places among all numbers, from the bits of values; 0 and −0 have one place.
static inline __attribute__((always_inline)) signed_words ordinals(singles values) {
  signed_words bits = (signed_words)values;
  signed_words sign = bits >> 31;
  return ((bits & 0x7FFFFFFF) ^ sign) - sign;
}

static inline __attribute__((always_inline)) void add_half(lanes *sums, int half, doubles x,
                                                           doubles y) {
  doubles change = y - x;
  sums->squares_before[half] += x * x;
  sums->squares_after[half] += y * y;
  sums->squares_of_change[half] += change * change;
  sums->product[half] += x * y;
}

static inline __attribute__((always_inline)) void add(lanes *sums, singles x, singles y) {
  singles magnitude = __builtin_elementwise_abs(y - x);
  sums->largest = magnitude > sums->largest ? magnitude : sums->largest;
  sums->changes += x != y;
  signed_words p = ordinals(x), q = ordinals(y);
  // Places lie less than 2³² apart, so the difference is right without its sign.
  words steps = (words)__builtin_elementwise_max(p, q)
                - (words)__builtin_elementwise_min(p, q);
  sums->distance = __builtin_elementwise_max(sums->distance, steps);
  add_half(sums, 0, __builtin_convertvector(x.lo, doubles), __builtin_convertvector(y.lo, doubles));
  add_half(sums, 1, __builtin_convertvector(x.hi, doubles), __builtin_convertvector(y.hi, doubles));
}

static inline __attribute__((always_inline)) double total(const doubles parts[2]) {
  doubles sum = parts[0] + parts[1];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static inline __attribute__((always_inline)) void sum(const void *before, const void *after,
                                                      size_t count, cchangesums_block *result) {
  const char *a = before, *b = after;
  lanes sums;
  memset(&sums, 0, sizeof sums);
  singles x, y;
  size_t index = 0;
  for (; index + 16 <= count; index += 16) {
    memcpy(&x, a + 4 * index, sizeof x);
    memcpy(&y, b + 4 * index, sizeof y);
    add(&sums, x, y);
  }
  if (index < count) {
    // Zeros beyond the end add nothing.
    x = y = 0;
    memcpy(&x, a + 4 * index, 4 * (count - index));
    memcpy(&y, b + 4 * index, 4 * (count - index));
    add(&sums, x, y);
  }
  result->squares_before = total(sums.squares_before);
  result->squares_after = total(sums.squares_after);
  result->squares_of_change = total(sums.squares_of_change);
  result->product = total(sums.product);
  result->largest = 0;
  result->largest_distance = __builtin_reduce_max(sums.distance);
  result->changed_count = 0;
  for (int lane = 0; lane < 16; lane++) {
    if (sums.largest[lane] > result->largest) result->largest = sums.largest[lane];
    result->changed_count -= sums.changes[lane];
  }
}

void cchangesums_single_baseline(const void *before, const void *after, size_t count,
                                 cchangesums_block *sums) {
  sum(before, after, count, sums);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void sum_avx2(const void *before, const void *after,
                                                     size_t count, cchangesums_block *sums) {
  sum(before, after, count, sums);
}

__attribute__((target("avx512f"))) static void sum_avx512(const void *before, const void *after,
                                                          size_t count, cchangesums_block *sums) {
  sum(before, after, count, sums);
}

void cchangesums_single(const void *before, const void *after, size_t count,
                        cchangesums_block *sums) {
  if (__builtin_cpu_supports("avx512f")) {
    sum_avx512(before, after, count, sums);
  } else if (__builtin_cpu_supports("avx2")) {
    sum_avx2(before, after, count, sums);
  } else {
    sum(before, after, count, sums);
  }
}
#else
void cchangesums_single(const void *before, const void *after, size_t count,
                        cchangesums_block *sums) {
  sum(before, after, count, sums);
}
#endif
