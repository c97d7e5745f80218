// On Linux, libopenblas and liblapacke are no part of the program until one of these functions is
// called. A function that is not listed here is an undefined symbol when the program is linked: add
// it, with its parameters as its header has them, which the compiler checks.

#if defined(__linux__)

#include "clapack.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels.h"

static void *blas, *lapacke;
static pthread_once_t opened = PTHREAD_ONCE_INIT;

// What was asked for before there was a library to ask; 0 for nothing.
static atomic_int threads;
static atomic_bool is_open;

// As the loader of programs does for a library that is missing.
static _Noreturn void stop(void) {
  fprintf(stderr, "anamorph: %s; install libopenblas0 and liblapacke\n", dlerror());
  _Exit(127);
}

static void open_libraries(void) {
  // For all to see: LAPACKE then takes LAPACK from OpenBLAS too, not the slower reference.
  blas = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_GLOBAL);
  if (!blas) stop();
  clapack_choose_kernels(blas);
  lapacke = dlopen("liblapacke.so.3", RTLD_LAZY | RTLD_LOCAL);
  if (!lapacke) stop();
  void (*set_threads)(int) = (void (*)(int))dlsym(blas, "openblas_set_num_threads");
  if (!set_threads) stop();
  atomic_store(&is_open, 1);
  int count = atomic_load(&threads);
  if (count > 0) set_threads(count);
}

static void *find(void **library, const char *name) {
  pthread_once(&opened, open_libraries);
  void *function = dlsym(*library, name);
  if (!function) stop();
  return function;
}

// Libraries must not find these in place of their own.
#define HIDDEN __attribute__((visibility("hidden")))

#define FORWARD(library, result, name, parameters, arguments)                             \
  HIDDEN result name parameters {                                                         \
    static _Atomic(__typeof__(&name)) known;                                              \
    __typeof__(&name) function = atomic_load_explicit(&known, memory_order_acquire);      \
    if (!function) {                                                                      \
      function = (__typeof__(&name))find(&library, #name);                                \
      atomic_store_explicit(&known, function, memory_order_release);                      \
    }                                                                                     \
    return function arguments;                                                            \
  }
#define BLAS(result, name, parameters, arguments) FORWARD(blas, result, name, parameters, arguments)
#define LAPACKE(name, parameters, arguments) \
  FORWARD(lapacke, lapack_int, LAPACKE_##name, parameters, arguments)

// Vectors.
BLAS(double, cblas_dasum, (blasint n, const double *x, blasint incx), (n, x, incx))
BLAS(void, cblas_daxpy,
     (blasint n, double alpha, const double *x, blasint incx, double *y, blasint incy),
     (n, alpha, x, incx, y, incy))
BLAS(double, cblas_ddot, (blasint n, const double *x, blasint incx, const double *y, blasint incy),
     (n, x, incx, y, incy))
BLAS(double, cblas_dnrm2, (blasint n, const double *x, blasint incx), (n, x, incx))
BLAS(void, cblas_dscal, (blasint n, double alpha, double *x, blasint incx), (n, alpha, x, incx))

// Matrices.
BLAS(void, cblas_dgemm,
     (enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transa, enum CBLAS_TRANSPOSE transb, blasint m,
      blasint n, blasint k, double alpha, const double *a, blasint lda, const double *b,
      blasint ldb, double beta, double *c, blasint ldc),
     (order, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))
BLAS(void, cblas_dgemv,
     (enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE trans, blasint m, blasint n, double alpha,
      const double *a, blasint lda, const double *x, blasint incx, double beta, double *y,
      blasint incy),
     (order, trans, m, n, alpha, a, lda, x, incx, beta, y, incy))
BLAS(void, cblas_dger,
     (enum CBLAS_ORDER order, blasint m, blasint n, double alpha, const double *x, blasint incx,
      const double *y, blasint incy, double *a, blasint lda),
     (order, m, n, alpha, x, incx, y, incy, a, lda))
BLAS(void, cblas_domatcopy,
     (enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE trans, blasint rows, blasint columns,
      double alpha, const double *a, blasint lda, double *b, blasint ldb),
     (order, trans, rows, columns, alpha, a, lda, b, ldb))
BLAS(void, cblas_dsymv,
     (enum CBLAS_ORDER order, enum CBLAS_UPLO uplo, blasint n, double alpha, const double *a,
      blasint lda, const double *x, blasint incx, double beta, double *y, blasint incy),
     (order, uplo, n, alpha, a, lda, x, incx, beta, y, incy))
BLAS(void, cblas_dsyrk,
     (enum CBLAS_ORDER order, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE trans, blasint n,
      blasint k, double alpha, const double *a, blasint lda, double beta, double *c, blasint ldc),
     (order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc))

// Systems, factors, values and vectors of matrices.
LAPACKE(dgelsd,
        (int order, lapack_int m, lapack_int n, lapack_int nrhs, double *a, lapack_int lda,
         double *b, lapack_int ldb, double *s, double rcond, lapack_int *rank),
        (order, m, n, nrhs, a, lda, b, ldb, s, rcond, rank))
LAPACKE(dgeqrf, (int order, lapack_int m, lapack_int n, double *a, lapack_int lda, double *tau),
        (order, m, n, a, lda, tau))
LAPACKE(dgesdd,
        (int order, char jobz, lapack_int m, lapack_int n, double *a, lapack_int lda, double *s,
         double *u, lapack_int ldu, double *vt, lapack_int ldvt),
        (order, jobz, m, n, a, lda, s, u, ldu, vt, ldvt))
LAPACKE(dgesv,
        (int order, lapack_int n, lapack_int nrhs, double *a, lapack_int lda, lapack_int *ipiv,
         double *b, lapack_int ldb),
        (order, n, nrhs, a, lda, ipiv, b, ldb))
LAPACKE(dorgqr,
        (int order, lapack_int m, lapack_int n, lapack_int k, double *a, lapack_int lda,
         const double *tau),
        (order, m, n, k, a, lda, tau))
LAPACKE(dposv,
        (int order, char uplo, lapack_int n, lapack_int nrhs, double *a, lapack_int lda, double *b,
         lapack_int ldb),
        (order, uplo, n, nrhs, a, lda, b, ldb))
LAPACKE(dsyevd,
        (int order, char jobz, char uplo, lapack_int n, double *a, lapack_int lda, double *w),
        (order, jobz, uplo, n, a, lda, w))
LAPACKE(dtpqrt,
        (int order, lapack_int m, lapack_int n, lapack_int l, lapack_int nb, double *a,
         lapack_int lda, double *b, lapack_int ldb, double *t, lapack_int ldt),
        (order, m, n, l, nb, a, lda, b, ldb, t, ldt))

// Threads, which can be chosen before there is a library.
BLAS(int, openblas_get_num_threads, (void), ())

HIDDEN void openblas_set_num_threads(int count) {
  static _Atomic(void (*)(int)) known;
  atomic_store(&threads, count);
  if (!atomic_load(&is_open)) return;
  void (*function)(int) = atomic_load(&known);
  if (!function) {
    function = (void (*)(int))find(&blas, "openblas_set_num_threads");
    atomic_store(&known, function);
  }
  function(count);
}

#endif
