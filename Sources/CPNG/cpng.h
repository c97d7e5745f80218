// libpng. Its structures and its longjmp stay in CImages; this says what is linked.

#ifndef CPNG_H
#define CPNG_H

#include <png.h>

#endif
