#include "cchangesums.h"

#include <stdbool.h>
#include <string.h>

// No fused multiply-add but where it changes no bit: processors without it would give other bits.
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
  // The longest ways from a number to one of the same sign, in steps.
  words distance;
  // Those to one of the other sign, less 2³¹.
  signed_words distance_across;
  // Minus one for each change.
  signed_words changes;
} lanes;

// A product of two Float32 values is exact in Float64, so adding it at once rounds as adding it
// after the multiplication does.
static inline __attribute__((always_inline)) doubles add_exact(doubles sum, doubles x, doubles y,
                                                               bool fused) {
  return fused ? __builtin_elementwise_fma(x, y, sum) : sum + x * y;
}

static inline __attribute__((always_inline)) void add_half(lanes *sums, int half, doubles x,
                                                           doubles y, bool fused) {
  doubles change = y - x;
  sums->squares_before[half] = add_exact(sums->squares_before[half], x, x, fused);
  sums->squares_after[half] = add_exact(sums->squares_after[half], y, y, fused);
  sums->product[half] = add_exact(sums->product[half], x, y, fused);
  sums->squares_of_change[half] += change * change;
}

static inline __attribute__((always_inline)) void add(lanes *sums, singles x, singles y,
                                                      bool fused) {
  singles magnitude = __builtin_elementwise_abs(y - x);
  sums->largest = magnitude > sums->largest ? magnitude : sums->largest;
  sums->changes += x != y;
  // Numbers of one sign lie as far apart as their bits; of two signs, as the magnitudes' bits
  // together, and the sign bit that one of them has takes 2³¹ off the sum.
  words p = (words)x, q = (words)y;
  signed_words across = (signed_words)(p ^ q) < 0;
  words within = (words)__builtin_elementwise_abs((signed_words)(p - q));
  sums->distance = __builtin_elementwise_max(sums->distance, across ? (words)0 : within);
  signed_words together = (signed_words)(p + q);
  sums->distance_across =
    __builtin_elementwise_max(sums->distance_across, across ? together : INT32_MIN);
  add_half(sums, 0, __builtin_convertvector(x.lo, doubles), __builtin_convertvector(y.lo, doubles),
           fused);
  add_half(sums, 1, __builtin_convertvector(x.hi, doubles), __builtin_convertvector(y.hi, doubles),
           fused);
}

static inline __attribute__((always_inline)) uint32_t longest(const lanes *sums) {
  uint32_t within = __builtin_reduce_max(sums->distance);
  uint32_t across = (uint32_t)__builtin_reduce_max(sums->distance_across) ^ 0x80000000u;
  return within > across ? within : across;
}

static inline __attribute__((always_inline)) double total(const doubles parts[2]) {
  doubles sum = parts[0] + parts[1];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static inline __attribute__((always_inline)) void sum(const void *before, const void *after,
                                                      size_t count, cchangesums_block *result,
                                                      bool fused) {
  const char *a = before, *b = after;
  lanes sums;
  memset(&sums, 0, sizeof sums);
  sums.distance_across = INT32_MIN;
  singles x, y;
  size_t index = 0;
  for (; index + 16 <= count; index += 16) {
    // Processors fetch ahead by themselves no further than a page. That there may be no such address is
    // no error.
    __builtin_prefetch((const void *)((uintptr_t)a + 4 * index + 4096));
    __builtin_prefetch((const void *)((uintptr_t)b + 4 * index + 4096));
    memcpy(&x, a + 4 * index, sizeof x);
    memcpy(&y, b + 4 * index, sizeof y);
    add(&sums, x, y, fused);
  }
  if (index < count) {
    // Zeros beyond the end add nothing.
    x = y = 0;
    memcpy(&x, a + 4 * index, 4 * (count - index));
    memcpy(&y, b + 4 * index, 4 * (count - index));
    add(&sums, x, y, fused);
  }
  result->squares_before = total(sums.squares_before);
  result->squares_after = total(sums.squares_after);
  result->squares_of_change = total(sums.squares_of_change);
  result->product = total(sums.product);
  result->largest = 0;
  result->largest_distance = longest(&sums);
  result->changed_count = 0;
  for (int lane = 0; lane < 16; lane++) {
    if (sums.largest[lane] > result->largest) result->largest = sums.largest[lane];
    result->changed_count -= sums.changes[lane];
  }
}

void cchangesums_single_baseline(const void *before, const void *after, size_t count,
                                 cchangesums_block *sums) {
  sum(before, after, count, sums, false);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void sum_avx2(const void *before, const void *after,
                                                         size_t count, cchangesums_block *sums) {
  sum(before, after, count, sums, true);
}

__attribute__((target("avx512f"))) static void sum_avx512(const void *before, const void *after,
                                                          size_t count, cchangesums_block *sums) {
  sum(before, after, count, sums, true);
}

void cchangesums_single(const void *before, const void *after, size_t count,
                        cchangesums_block *sums) {
  if (__builtin_cpu_supports("avx512f")) {
    sum_avx512(before, after, count, sums);
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    sum_avx2(before, after, count, sums);
  } else {
    sum(before, after, count, sums, false);
  }
}
#else
void cchangesums_single(const void *before, const void *after, size_t count,
                        cchangesums_block *sums) {
  sum(before, after, count, sums, false);
}
#endif
