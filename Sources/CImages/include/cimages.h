// Decoding of JPEG and PNG images from memory, row by row.
//
// Both libraries report errors by longjmp, which must not cross Swift: it stays in here. Every function
// answers 0 when it succeeded, and otherwise leaves one line in the decoder's message.

#ifndef CIMAGES_H
#define CIMAGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct cimages_decoder cimages_decoder;

typedef enum { cimages_jpeg, cimages_png } cimages_format;

// A decoder of the `count` bytes at `bytes`, which must outlive it; NULL when there is no memory.
cimages_decoder *cimages_create(cimages_format format, const uint8_t *bytes, size_t count);

// Reads the header, no pixels. Images of more than `most_pixels` pixels are refused, as are those whose bytes
// cannot hold that many.
int cimages_start(cimages_decoder *decoder, size_t most_pixels);

// The extents, once the header was read.
uint32_t cimages_width(const cimages_decoder *decoder);
uint32_t cimages_height(const cimages_decoder *decoder);

// Decodes the next row into `rgb`, 3 bytes for each of the image's columns.
int cimages_next_row(cimages_decoder *decoder, uint8_t *rgb);

// What went wrong in the last call that failed.
const char *cimages_message(const cimages_decoder *decoder);

void cimages_destroy(cimages_decoder *decoder);

#endif
