// Which of OpenBLAS's kernels are used: see kernels.c.

#ifndef CLAPACK_KERNELS_H
#define CLAPACK_KERNELS_H

__attribute__((visibility("hidden"))) void clapack_choose_kernels(void *blas);

#endif
