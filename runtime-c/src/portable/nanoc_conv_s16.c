#include <string.h>

#include "nanoc/halfwords.h"

/* One row of a group's window, kernel_w taps of `depth` channels; taps outside the image are the zero point. */
static int16_t *gather_row(const nanoc_conv_s16_params *p, const int16_t *row, int32_t left, int32_t depth, int16_t *to) {
  for (int32_t kx = 0; kx < p->kernel_w; kx++) {
    const int32_t column = left + kx * p->dilation_w;
    if (row != NULL && column >= 0 && column < p->in_w) {
      memcpy(to, row + column * p->in_c, (size_t)depth * sizeof *to);
    } else {
      for (int32_t c = 0; c < depth; c++) {
        to[c] = (int16_t)p->x_zero;
      }
    }
    to += depth;
  }
  return to;
}

void nanoc_conv_s16(const int16_t *x, int16_t *y, int16_t *scratch, const nanoc_conv_s16_params *params) {
  const nanoc_conv_s16_params *p = params;
  const int32_t depth = p->in_c / p->groups;
  const int32_t inner = p->kernel_h * p->kernel_w * depth;
  const int32_t columns = p->out_c / p->groups;
  for (int32_t batch = 0; batch < p->batches; batch++, x += p->in_h * p->in_w * p->in_c) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++, y += p->out_c) {
        const int32_t left = ox * p->stride_w - p->pad_left;
        int16_t *to = scratch;
        for (int32_t group = 0; group < p->groups; group++) {
          for (int32_t ky = 0; ky < p->kernel_h; ky++) {
            const int32_t row = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
            const int32_t is_inside = row >= 0 && row < p->in_h;
            to = gather_row(p, is_inside ? x + row * p->in_w * p->in_c + group * depth : NULL, left, depth, to);
          }
        }
        nanoc_rows_s16 rows = {inner, columns, 0, p->weights, p->bias, p->weight_zeros, &p->output};
        for (int32_t group = 0; group < p->groups; group++) {
          nanoc_one_row_s16(&rows, scratch + group * inner, y + rows.first);
          rows.first += columns;
          rows.weights += inner * columns;
        }
      }
    }
  }
}
