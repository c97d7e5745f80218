#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "decoder.h"

// Deflate expands at most 1032 times, and a byte may be eight pixels.
enum { most_pixels_per_byte = 1032 * 8 };

// What a chunk other than the image (a profile, a text) may unpack to.
enum { most_chunk_bytes = 1 << 23 };

struct png_state {
  png_structp png;
  png_infop info;
  size_t position;
  // Channels and bytes per channel of the rows that the library gives.
  int channels;
  int depth;
  uint8_t *row;
  // All rows of an interlaced image.
  uint8_t *rows;
  png_bytepp row_pointers;
  size_t row_bytes;
};

static void leave(png_structp png, png_const_charp text) {
  cimages_decoder *decoder = png_get_error_ptr(png);
  cimages_fail(decoder, "%.180s", text);
  longjmp(decoder->recovery, 1);
}

static void say_nothing(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  cimages_decoder *decoder = png_get_io_ptr(png);
  struct png_state *state = decoder->state;
  if (count > decoder->count - state->position) {
    cimages_fail(decoder, "the image is cut short");
    longjmp(decoder->recovery, 1);
  }
  memcpy(target, decoder->bytes + state->position, count);
  state->position += count;
}

int cimages_png_create(cimages_decoder *decoder) {
  struct png_state *state = calloc(1, sizeof *state);
  if (state == NULL) return 1;
  decoder->state = state;
  if (setjmp(decoder->recovery)) return 1;
  state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, leave, say_nothing);
  if (state->png == NULL) return 1;
  state->info = png_create_info_struct(state->png);
  if (state->info == NULL) return 1;
  png_set_read_fn(state->png, decoder, read_bytes);
  png_set_chunk_malloc_max(state->png, most_chunk_bytes);
  png_set_chunk_cache_max(state->png, 1000);
  // Damage of a chunk beside the image does no harm to it.
  png_set_crc_action(state->png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
  return 0;
}

int cimages_png_start(cimages_decoder *decoder, size_t most_pixels) {
  struct png_state *state = decoder->state;
  if (setjmp(decoder->recovery)) return 1;
  png_read_info(state->png, state->info);
  decoder->width = png_get_image_width(state->png, state->info);
  decoder->height = png_get_image_height(state->png, state->info);
  if (cimages_check_extents(decoder, most_pixels, most_pixels_per_byte)) return 1;
  size_t stored = png_get_rowbytes(state->png, state->info) + 1;
  if (stored * decoder->height / 1032 > decoder->count) {
    return cimages_fail(
        decoder, "claims %u x %u pixels, which its %zu bytes cannot hold", decoder->width,
        decoder->height, decoder->count);
  }
  return 0;
}

// Begins to decode; an interlaced image, all of it.
static int begin(cimages_decoder *decoder) {
  struct png_state *state = decoder->state;
  if (setjmp(decoder->recovery)) return 1;
  int type = png_get_color_type(state->png, state->info);
  int depth = png_get_bit_depth(state->png, state->info);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(state->png);
  if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(state->png);
  // Grey of 16 bits is narrowed below, as Pillow does; other colours lose their low bytes.
  if (depth == 16 && type != PNG_COLOR_TYPE_GRAY) png_set_strip_16(state->png);
  // A palette may have transparent colours.
  if (type == PNG_COLOR_TYPE_PALETTE || (type & PNG_COLOR_MASK_ALPHA)) {
    png_set_strip_alpha(state->png);
  }
  int passes = png_set_interlace_handling(state->png);
  png_read_update_info(state->png, state->info);
  state->channels = png_get_channels(state->png, state->info);
  state->depth = png_get_bit_depth(state->png, state->info);
  state->row_bytes = png_get_rowbytes(state->png, state->info);
  size_t pixel = (size_t)state->channels * (size_t)(state->depth / 8);
  if ((state->channels != 1 && state->channels != 3) || state->depth < 8 ||
      state->row_bytes != pixel * decoder->width) {
    return cimages_fail(decoder, "%d channels of %d bits", state->channels, state->depth);
  }
  if (passes == 1) {
    state->row = malloc(state->row_bytes);
    if (state->row == NULL) return cimages_fail(decoder, "no memory to decode it");
    return 0;
  }
  state->rows = malloc(state->row_bytes * decoder->height);
  state->row_pointers = malloc(sizeof(png_bytep) * decoder->height);
  if (state->rows == NULL || state->row_pointers == NULL) {
    return cimages_fail(decoder, "no memory to decode it");
  }
  for (size_t y = 0; y < decoder->height; y++) {
    state->row_pointers[y] = state->rows + y * state->row_bytes;
  }
  png_read_image(state->png, state->row_pointers);
  return 0;
}

// Pillow cuts 16-bit grey at 255 where it makes RGB of it.
static uint8_t grey_of(const uint8_t *pair) { return pair[0] != 0 ? 255 : pair[1]; }

int cimages_png_next_row(cimages_decoder *decoder, uint8_t *rgb) {
  struct png_state *state = decoder->state;
  if (decoder->rows == 0 && begin(decoder)) return 1;
  if (setjmp(decoder->recovery)) return 1;
  const uint8_t *row = state->row;
  if (state->rows != NULL) {
    row = state->rows + (size_t)decoder->rows * state->row_bytes;
  } else {
    png_read_row(state->png, state->row, NULL);
  }
  if (state->channels == 3) {
    memcpy(rgb, row, 3 * (size_t)decoder->width);
    return 0;
  }
  for (size_t x = 0; x < decoder->width; x++) {
    uint8_t grey = state->depth == 16 ? grey_of(row + 2 * x) : row[x];
    rgb[3 * x] = rgb[3 * x + 1] = rgb[3 * x + 2] = grey;
  }
  return 0;
}

void cimages_png_destroy(cimages_decoder *decoder) {
  struct png_state *state = decoder->state;
  if (state == NULL) return;
  if (state->png != NULL && !setjmp(decoder->recovery)) {
    png_destroy_read_struct(&state->png, state->info == NULL ? NULL : &state->info, NULL);
  }
  free(state->row);
  free(state->rows);
  free(state->row_pointers);
  free(state);
  decoder->state = NULL;
}
