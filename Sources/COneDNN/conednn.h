// oneDNN through its C interface.

#ifndef CONEDNN_H
#define CONEDNN_H

#include <dnnl.h>

#endif
