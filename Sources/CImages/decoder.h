// What the decoders of both formats share.

#ifndef CIMAGES_DECODER_H
#define CIMAGES_DECODER_H

#include <setjmp.h>

#include "cimages.h"

struct cimages_decoder {
  cimages_format format;
  const uint8_t *bytes;
  size_t count;
  uint32_t width;
  uint32_t height;
  // Rows that were handed out.
  uint32_t rows;
  // Whether a call failed; nothing is decoded after that.
  int failed;
  char message[200];
  // Where the library's errors go.
  jmp_buf recovery;
  // What the format keeps.
  void *state;
};

// Leaves a message, and answers 1.
int cimages_fail(cimages_decoder *decoder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Checks the extents against what may be decoded and what `count` bytes can hold, at most
// `most_per_byte` pixels each.
int cimages_check_extents(cimages_decoder *decoder, size_t most_pixels, size_t most_per_byte);

int cimages_jpeg_create(cimages_decoder *decoder);
int cimages_jpeg_start(cimages_decoder *decoder, size_t most_pixels);
int cimages_jpeg_next_row(cimages_decoder *decoder, uint8_t *rgb);
void cimages_jpeg_destroy(cimages_decoder *decoder);

int cimages_png_create(cimages_decoder *decoder);
int cimages_png_start(cimages_decoder *decoder, size_t most_pixels);
int cimages_png_next_row(cimages_decoder *decoder, uint8_t *rgb);
void cimages_png_destroy(cimages_decoder *decoder);

#endif
