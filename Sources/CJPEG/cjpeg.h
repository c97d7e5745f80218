// libjpeg-turbo. Its structures and its longjmp stay in CImages; this says what is linked.

#ifndef CJPEG_H
#define CJPEG_H

#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

#endif
