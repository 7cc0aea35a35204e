#include "nanoc/conv.h"
#include "nanoc/rows.h"

/* Where the windows of one or two output pixels are put: elements of a window lie `step` bytes apart. */
typedef struct {
  int32_t step;
  int32_t depth; /* channels of a group */
} target;

/* Puts `count` bytes from x on, or as many zero points when x is NULL; returns the place behind them. */
static int8_t *put(const target *t, int8_t *to, const int8_t *x, int32_t count, int32_t x_zero) {
  const int32_t step = t->step;
  int8_t *const end = to + step * count;
  if (x == NULL) {
    for (; to != end; to += step) {
      *to = (int8_t)x_zero;
    }
  } else {
    for (; to != end; to += step) {
      *to = *x++;
    }
  }
  return to;
}

/* One row of the window, kernel_w taps of `depth` channels; taps outside the image are the zero point. */
static int8_t *gather_row(const nanoc_conv_s8_params *p, const target *t, const int8_t *row, int32_t left, int8_t *to) {
  const int32_t side_by_side = t->depth == p->in_c && p->dilation_w == 1;
  int32_t taps;
  for (int32_t kx = 0; kx < p->kernel_w; kx += taps) {
    const int32_t column = left + kx * p->dilation_w;
    const int32_t is_inside = column >= 0 && column < p->in_w;
    taps = 1;
    if (is_inside && side_by_side) {
      const int32_t room = p->in_w - column;
      taps = p->kernel_w - kx < room ? p->kernel_w - kx : room;
    }
    to = put(t, to, is_inside ? row + column * p->in_c : NULL, taps * t->depth, p->x_zero);
  }
  return to;
}

/* The window of one output pixel: [kernel_h][kernel_w][depth]. x is the first channel of the group in the image. */
static void gather(const nanoc_conv_s8_params *p, const target *t, const int8_t *x, int32_t oy, int32_t ox, int8_t *to) {
  const int32_t left = ox * p->stride_w - p->pad_left;
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int32_t row = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
    if (row < 0 || row >= p->in_h) {
      to = put(t, to, NULL, p->kernel_w * t->depth, p->x_zero);
    } else {
      to = gather_row(p, t, x + row * p->in_w * p->in_c, left, to);
    }
  }
}

void nanoc_conv_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_conv_s8_params *params) {
  const nanoc_conv_s8_params *p = params;
  const int32_t depth = p->in_c / p->groups;
  const int32_t columns = p->out_c / p->groups;
  const int32_t inner = p->kernel_h * p->kernel_w * depth;
  for (int32_t batch = 0; batch < p->batches; batch++, x += p->in_h * p->in_w * p->in_c) {
    int32_t oy = 0;
    int32_t ox = 0;
    int32_t count;
    for (int32_t left = p->out_h * p->out_w; left > 0; left -= count, y += count * p->out_c) {
      /* The windows of two pixels, all groups, are read before either pixel is written: [groups][inner][2]. */
      count = left < 2 ? 1 : 2;
      const target t = {count, depth};
      for (int32_t i = 0; i < count; i++) {
        for (int32_t group = 0; group < p->groups; group++) {
          gather(p, &t, x + group * depth, oy, ox, scratch + group * inner * count + i);
        }
        ox++;
        if (ox == p->out_w) {
          ox = 0;
          oy++;
        }
      }
      nanoc_rows rows = {inner, columns, 0, p->weights, p->bias, p->weight_zeros, &p->output};
      for (int32_t group = 0; group < p->groups; group++) {
        int8_t *const to = y + rows.first;
        if (count == 2) {
          nanoc_two_rows_s8(&rows, scratch + 2 * group * inner, to, to + p->out_c);
        } else {
          nanoc_one_row_s8(&rows, scratch + group * inner, to);
        }
        rows.first += columns;
        rows.weights += inner * columns;
      }
    }
  }
}
