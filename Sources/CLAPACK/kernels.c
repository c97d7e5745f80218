// OpenBLAS falls back to its kernels of 2004 (Prescott, SSE3) on processors that it does not know by their
// number: Debian 12's does so on Intel's of 2023 and later, and multiplies matrices there at a fifth of
// what they can. What such a processor can do, it says itself; kernels for that are chosen here, tried on
// one product, and dropped if it is wrong. Whoever sets OPENBLAS_CORETYPE is not overruled.

#if defined(__linux__) && defined(__x86_64__)

#include "kernels.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clapack.h"

typedef void (*product)(enum CBLAS_ORDER, enum CBLAS_TRANSPOSE, enum CBLAS_TRANSPOSE, blasint,
                        blasint, blasint, double, const double *, blasint, const double *, blasint,
                        double, double *, blasint);

// Whether Float64 products of m×k and k×n numbers below 1 are right, to more than rounding.
static int is_right(product multiply, int m, int n, int k) {
  double *a = malloc(sizeof(double) * m * k), *b = malloc(sizeof(double) * k * n);
  double *c = malloc(sizeof(double) * m * n);
  int right = a && b && c;
  if (right) {
    for (int i = 0; i < m * k; i++) a[i] = (i * 37 % 101 - 50) / 64.0;
    for (int i = 0; i < k * n; i++) b[i] = (i * 53 % 97 - 48) / 64.0;
    multiply(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int l = 0; l < k; l++) sum += a[i * k + l] * b[l * n + j];
        // Multiples of 1/4096: sums in any order are exact.
        right = right && sum == c[i * n + j];
      }
    }
  }
  free(a);
  free(b);
  free(c);
  return right;
}

void clapack_choose_kernels(void *blas) {
  char *(*core)(void) = (char *(*)(void))dlsym(blas, "openblas_get_corename");
  void (*quit)(void) = (void (*)(void))dlsym(blas, "gotoblas_dynamic_quit");
  void (*init)(void) = (void (*)(void))dlsym(blas, "gotoblas_dynamic_init");
  product multiply = (product)dlsym(blas, "cblas_dgemm");
  if (!core || !quit || !init || !multiply || getenv("OPENBLAS_CORETYPE")) return;
  if (strcmp(core(), "Prescott") != 0) return;
  __builtin_cpu_init();
  const char *better = NULL;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    better = "SkylakeX";
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    better = "Haswell";
  }
  if (!better) return;
  // OpenBLAS asks the environment again; nobody has taken kernels from it yet.
  if (setenv("OPENBLAS_CORETYPE", better, 0) != 0) return;
  quit();
  init();
  // Sizes with and without kernels for small matrices and remainders.
  if (is_right(multiply, 17, 23, 31) && is_right(multiply, 130, 70, 300)) return;
  setenv("OPENBLAS_CORETYPE", "Prescott", 1);
  quit();
  init();
}

#elif defined(__linux__)

#include "kernels.h"

void clapack_choose_kernels(void *blas) { (void)blas; }

#endif
