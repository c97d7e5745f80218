#include "decoder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int cimages_fail(cimages_decoder *decoder, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(decoder->message, sizeof decoder->message, format, arguments);
  va_end(arguments);
  decoder->failed = 1;
  return 1;
}

int cimages_check_extents(cimages_decoder *decoder, size_t most_pixels, size_t most_per_byte) {
  size_t pixels = (size_t)decoder->width * decoder->height;
  if (pixels == 0) return cimages_fail(decoder, "an image without pixels");
  if (pixels > most_pixels) {
    return cimages_fail(
        decoder, "claims %u x %u pixels, more than the %zu that are decoded", decoder->width,
        decoder->height, most_pixels);
  }
  if (pixels / most_per_byte > decoder->count) {
    return cimages_fail(
        decoder, "claims %u x %u pixels, which its %zu bytes cannot hold", decoder->width,
        decoder->height, decoder->count);
  }
  return 0;
}

cimages_decoder *cimages_create(cimages_format format, const uint8_t *bytes, size_t count) {
  cimages_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) return NULL;
  decoder->format = format;
  decoder->bytes = bytes;
  decoder->count = count;
  int failed =
      format == cimages_jpeg ? cimages_jpeg_create(decoder) : cimages_png_create(decoder);
  if (failed) {
    cimages_destroy(decoder);
    return NULL;
  }
  return decoder;
}

int cimages_start(cimages_decoder *decoder, size_t most_pixels) {
  if (decoder->failed) return 1;
  return decoder->format == cimages_jpeg ? cimages_jpeg_start(decoder, most_pixels)
                                         : cimages_png_start(decoder, most_pixels);
}

uint32_t cimages_width(const cimages_decoder *decoder) { return decoder->width; }

uint32_t cimages_height(const cimages_decoder *decoder) { return decoder->height; }

int cimages_next_row(cimages_decoder *decoder, uint8_t *rgb) {
  if (decoder->failed) return 1;
  if (decoder->rows >= decoder->height) return cimages_fail(decoder, "has no more rows");
  int failed = decoder->format == cimages_jpeg ? cimages_jpeg_next_row(decoder, rgb)
                                               : cimages_png_next_row(decoder, rgb);
  if (!failed) decoder->rows++;
  return failed;
}

const char *cimages_message(const cimages_decoder *decoder) { return decoder->message; }

void cimages_destroy(cimages_decoder *decoder) {
  if (decoder == NULL) return;
  if (decoder->format == cimages_jpeg) {
    cimages_jpeg_destroy(decoder);
  } else {
    cimages_png_destroy(decoder);
  }
  free(decoder);
}
