// Inflate piece by piece, from zlib: CDeflate is faster and wants the whole.

#ifndef CZLIB_H
#define CZLIB_H

#include <zlib.h>

// zlib's own is a macro that names the version of its header.
static inline int czlib_inflate_raw_init(z_streamp stream) {
  return inflateInit2(stream, -MAX_WBITS);
}

#endif
