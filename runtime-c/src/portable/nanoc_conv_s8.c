#include <string.h>

#include "nanoc/conv.h"
#include "nanoc/rows.h"

/* Copies one row of the window, kernel_w taps of `depth` channels from `channel` on; taps outside the image are the zero point. */
static void gather_row(const nanoc_conv_s8_params *p, const int8_t *row, int32_t left, int32_t channel, int32_t depth, int8_t *to) {
  for (int32_t kx = 0; kx < p->kernel_w; kx++, to += depth) {
    const int32_t column = left + kx * p->dilation_w;
    if (column < 0 || column >= p->in_w) {
      memset(to, p->x_zero, (size_t)depth);
    } else if (depth == p->in_c && p->dilation_w == 1) {
      /* Neighbouring taps lie side by side. */
      const int32_t room = p->in_w - column;
      const int32_t taps = p->kernel_w - kx < room ? p->kernel_w - kx : room;
      memcpy(to, row + column * depth, (size_t)(taps * depth));
      kx += taps - 1;
      to += (taps - 1) * depth;
    } else {
      memcpy(to, row + column * p->in_c + channel, (size_t)depth);
    }
  }
}

/* The window of one output pixel as a row: [kernel_h][kernel_w][depth], channels from `channel` on. */
static void gather(const nanoc_conv_s8_params *p, const int8_t *image, int32_t oy, int32_t ox, int32_t channel, int8_t *to) {
  const int32_t depth = p->in_c / p->groups;
  const int32_t bytes = p->kernel_w * depth;
  const int32_t left = ox * p->stride_w - p->pad_left;
  for (int32_t ky = 0; ky < p->kernel_h; ky++, to += bytes) {
    const int32_t row = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
    if (row < 0 || row >= p->in_h) {
      memset(to, p->x_zero, (size_t)bytes);
    } else {
      gather_row(p, image + row * p->in_w * p->in_c, left, channel, depth, to);
    }
  }
}

void nanoc_conv_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_conv_s8_params *params) {
  const nanoc_conv_s8_params *p = params;
  const int32_t depth = p->in_c / p->groups;
  const int32_t columns = p->out_c / p->groups;
  const int32_t inner = p->kernel_h * p->kernel_w * depth;
  const int32_t pixels = p->out_h * p->out_w;
  for (int32_t batch = 0; batch < p->batches; batch++, x += p->in_h * p->in_w * p->in_c) {
    for (int32_t pixel = 0, oy = 0, ox = 0; pixel < pixels;) {
      /* The windows of two pixels, all groups, are read before either pixel is written: [groups][2][inner]. */
      const int32_t count = pixels - pixel < 2 ? 1 : 2;
      for (int32_t i = 0; i < count; i++) {
        for (int32_t group = 0; group < p->groups; group++) {
          gather(p, x, oy, ox, group * depth, scratch + (2 * group + i) * inner);
        }
        ox++;
        if (ox == p->out_w) {
          ox = 0;
          oy++;
        }
      }
      nanoc_rows rows = {inner, columns, 0, p->weights, p->bias, p->weight_zeros, &p->output};
      for (int32_t group = 0; group < p->groups; group++) {
        nanoc_rows_s8(&rows, scratch + 2 * group * inner, y + rows.first, count == 2 ? y + p->out_c + rows.first : NULL);
        rows.first += columns;
        rows.weights += inner * columns;
      }
      pixel += count;
      y += count * p->out_c;
    }
  }
}
