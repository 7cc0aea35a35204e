#include "nanoc/move.h"

#include <string.h>

#define LAST (NANOC_PAD_RANK - 1)

/* Index in the input for index i of the output minus the padding; -1 where the fill value stands. */
static int32_t source_index(int32_t i, int32_t size, int32_t mode) {
  if (i >= 0 && i < size) {
    return i;
  }
  switch (mode) {
    case NANOC_PAD_EDGE:
      return i < 0 ? 0 : size - 1;
    case NANOC_PAD_REFLECT:
      return i < 0 ? -i : 2 * (size - 1) - i;
    case NANOC_PAD_WRAP:
      return i < 0 ? (size - 1) - (-1 - i) % size : i % size;
    default:
      return -1;
  }
}

static void fill_block(const nanoc_pad_params *p, uint8_t *y) {
  if (p->element == 1) {
    memset(y, p->fill[0], (size_t)p->block);
    return;
  }
  for (int32_t at = 0; at < p->block; at += p->element) {
    memcpy(y + at, p->fill, (size_t)p->element);
  }
}

/* Output positions first to last, not included, of the innermost padded dimension. `row` is NULL where all is fill. */
static uint8_t *pad_span(const nanoc_pad_params *p, const uint8_t *row, int32_t first, int32_t last, uint8_t *y) {
  for (int32_t i = first; i < last; i++) {
    const int32_t from = row == NULL ? -1 : source_index(i - p->before[LAST], p->in[LAST], p->mode);
    if (from < 0) {
      fill_block(p, y);
    } else {
      memmove(y, row + from * p->block, (size_t)p->block);
    }
    y += p->block;
  }
  return y;
}

static uint8_t *pad_row(const nanoc_pad_params *p, const uint8_t *row, uint8_t *y) {
  const int32_t end = p->before[LAST] + p->in[LAST];
  if (row == NULL) {
    return pad_span(p, row, 0, p->out[LAST], y);
  }
  y = pad_span(p, row, 0, p->before[LAST], y);
  const int32_t middle = p->in[LAST] * p->block;
  memmove(y, row, (size_t)middle);
  return pad_span(p, row, end, p->out[LAST], y + middle);
}

void nanoc_pad(const void *x, void *y, const nanoc_pad_params *params) {
  const nanoc_pad_params *p = params;
  uint8_t *to = (uint8_t *)y;
  const int32_t row_bytes = p->in[LAST] * p->block;
  for (int32_t i0 = 0; i0 < p->out[0]; i0++) {
    const int32_t from0 = source_index(i0 - p->before[0], p->in[0], p->mode);
    for (int32_t i1 = 0; i1 < p->out[1]; i1++) {
      const int32_t from1 = source_index(i1 - p->before[1], p->in[1], p->mode);
      for (int32_t i2 = 0; i2 < p->out[2]; i2++) {
        const int32_t from2 = source_index(i2 - p->before[2], p->in[2], p->mode);
        const uint8_t *row = NULL;
        if (from0 >= 0 && from1 >= 0 && from2 >= 0) {
          row = (const uint8_t *)x + ((from0 * p->in[1] + from1) * p->in[2] + from2) * row_bytes;
        }
        to = pad_row(p, row, to);
      }
    }
  }
}
