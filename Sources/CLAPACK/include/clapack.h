// LAPACK and BLAS through their C interfaces; OpenBLAS provides both.
//
// The functions that are called are those in clapack.c, which finds the libraries when the first of
// them is called: they take longer to load than many commands take altogether.

#ifndef CLAPACK_H
#define CLAPACK_H

#include <cblas.h>
#include <lapacke.h>

#endif
