#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

#include "decoder.h"

// Encoders write some ten scans; a file with very many is made to cost time.
enum { most_scans = 100 };

// A block of 64 pixels takes a bit or more in each component, of which chroma may have a quarter.
enum { most_pixels_per_byte = 1024 };

struct jpeg_state {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  int is_created;
  // A row as the library gives it, when that is not RGB.
  uint8_t *row;
};

static void leave(j_common_ptr info) {
  cimages_decoder *decoder = info->client_data;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  cimages_fail(decoder, "%.180s", text);
  longjmp(decoder->recovery, 1);
}

// libjpeg goes on after damage and makes up grey: what it calls a warning is an error here, but for
// oddities that leave the image whole.
static void judge_warning(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_TOO_MUCH_DATA:
      return;
    default:
      leave(info);
  }
}

static void say_nothing(j_common_ptr info) { (void)info; }

static void begin_source(j_decompress_ptr info) { (void)info; }

static boolean end_of_source(j_decompress_ptr info) {
  cimages_decoder *decoder = info->client_data;
  cimages_fail(decoder, "the image is cut short");
  longjmp(decoder->recovery, 1);
}

static void skip_source(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if ((size_t)count > info->src->bytes_in_buffer) {
    end_of_source(info);
    return;
  }
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= (size_t)count;
}

static void watch_scans(j_common_ptr info) {
  cimages_decoder *decoder = info->client_data;
  if (((j_decompress_ptr)info)->input_scan_number > most_scans) {
    cimages_fail(decoder, "more than %d scans, as in a bomb", most_scans);
    longjmp(decoder->recovery, 1);
  }
}

int cimages_jpeg_create(cimages_decoder *decoder) {
  struct jpeg_state *state = calloc(1, sizeof *state);
  if (state == NULL) return 1;
  decoder->state = state;
  state->info.err = jpeg_std_error(&state->errors);
  state->errors.error_exit = leave;
  state->errors.emit_message = judge_warning;
  state->errors.output_message = say_nothing;
  state->info.client_data = decoder;
  if (setjmp(decoder->recovery)) return 1;
  jpeg_create_decompress(&state->info);
  state->is_created = 1;
  state->source.init_source = begin_source;
  state->source.fill_input_buffer = end_of_source;
  state->source.skip_input_data = skip_source;
  state->source.resync_to_restart = jpeg_resync_to_restart;
  state->source.term_source = begin_source;
  state->source.next_input_byte = decoder->bytes;
  state->source.bytes_in_buffer = decoder->count;
  state->info.src = &state->source;
  state->progress.progress_monitor = watch_scans;
  state->info.progress = &state->progress;
  return 0;
}

int cimages_jpeg_start(cimages_decoder *decoder, size_t most_pixels) {
  struct jpeg_state *state = decoder->state;
  struct jpeg_decompress_struct *info = &state->info;
  if (setjmp(decoder->recovery)) return 1;
  jpeg_read_header(info, TRUE);
  decoder->width = info->image_width;
  decoder->height = info->image_height;
  return cimages_check_extents(decoder, most_pixels, most_pixels_per_byte);
}

// Begins to decode; of a progressive image, all of it.
static int begin(cimages_decoder *decoder) {
  struct jpeg_state *state = decoder->state;
  struct jpeg_decompress_struct *info = &state->info;
  if (setjmp(decoder->recovery)) return 1;
  switch (info->num_components) {
    case 1:
      info->out_color_space = JCS_GRAYSCALE;
      break;
    case 3:
      info->out_color_space = JCS_RGB;
      break;
    case 4:
      info->out_color_space = JCS_CMYK;
      break;
    default:
      return cimages_fail(decoder, "%d colour components", info->num_components);
  }
  jpeg_start_decompress(info);
  if (info->output_width != decoder->width || info->output_height != decoder->height) {
    return cimages_fail(decoder, "decodes to other extents than it claims");
  }
  if (info->num_components != 3) {
    state->row = malloc((size_t)decoder->width * (size_t)info->num_components);
    if (state->row == NULL) return cimages_fail(decoder, "no memory to decode it");
  }
  return 0;
}

// a × b / 255, rounded, as Pillow has it.
static unsigned scaled(unsigned a, unsigned b) {
  unsigned product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

int cimages_jpeg_next_row(cimages_decoder *decoder, uint8_t *rgb) {
  struct jpeg_state *state = decoder->state;
  if (decoder->rows == 0 && begin(decoder)) return 1;
  int components = state->info.num_components;
  JSAMPROW row = components == 3 ? rgb : state->row;
  if (setjmp(decoder->recovery)) return 1;
  if (jpeg_read_scanlines(&state->info, &row, 1) != 1) {
    return cimages_fail(decoder, "the image is cut short");
  }
  if (components == 1) {
    for (size_t x = 0; x < decoder->width; x++) {
      rgb[3 * x] = rgb[3 * x + 1] = rgb[3 * x + 2] = row[x];
    }
  } else if (components == 4) {
    // Four-component files are Adobe's, whose values are inverted: what is stored is light, not ink.
    for (size_t x = 0; x < decoder->width; x++) {
      unsigned light = row[4 * x + 3];
      for (size_t c = 0; c < 3; c++) {
        rgb[3 * x + c] = (uint8_t)(light - scaled(255u - row[4 * x + c], light));
      }
    }
  }
  return 0;
}

void cimages_jpeg_destroy(cimages_decoder *decoder) {
  struct jpeg_state *state = decoder->state;
  if (state == NULL) return;
  if (state->is_created) {
    if (!setjmp(decoder->recovery)) jpeg_destroy_decompress(&state->info);
  }
  free(state->row);
  free(state);
  decoder->state = NULL;
}
