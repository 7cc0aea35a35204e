#include "nanoc/pool.h"

/* The part of a window that lies in the image. */
typedef struct {
  const int16_t *origin; /* its first pixel */
  int32_t rows;
  int32_t columns;
  int32_t row_step; /* elements from one row of taps to the next */
  int32_t column_step;
  int32_t zero_sum; /* x_zero times the number of taps */
} view;

/* x less its zero point has 17 bits: the compiler has seen that the window's sum fits 32. */
static int32_t sum(const view *v, int32_t channel) {
  int32_t total = 0;
  const int16_t *row = v->origin + channel;
  for (int32_t ky = 0; ky < v->rows; ky++, row += v->row_step) {
    const int16_t *tap = row;
    for (int32_t left = v->columns; left > 0; left--, tap += v->column_step) {
      total += *tap;
    }
  }
  return total - v->zero_sum;
}

/* The window that starts at row `top` and column `left`. */
static view view_of(const nanoc_average_pool_s16_params *p, const int16_t *x, int32_t top, int32_t left) {
  const nanoc_window *w = &p->average.window;
  const nanoc_taps rows = nanoc_taps_inside(top, w->dilation_h, w->kernel_h, 0, w->in_h);
  const nanoc_taps columns = nanoc_taps_inside(left, w->dilation_w, w->kernel_w, 0, w->in_w);
  view v = {x, rows.last - rows.first, columns.last - columns.first, w->dilation_h * w->in_w * w->channels, w->dilation_w * w->channels, 0};
  v.zero_sum = p->x_zero * v.rows * v.columns;
  if (v.rows > 0 && v.columns > 0) {
    v.origin += ((top + rows.first * w->dilation_h) * w->in_w + left + columns.first * w->dilation_w) * w->channels;
  }
  return v;
}

void nanoc_average_pool_s16(const int16_t *x, int16_t *y, const nanoc_average_pool_s16_params *params) {
  const nanoc_average_pool_s16_params *p = params;
  const nanoc_window *w = &p->average.window;
  for (int32_t batch = 0; batch < w->batches; batch++) {
    for (int32_t oy = 0; oy < w->out_h; oy++) {
      const int32_t top = oy * w->stride_h - w->pad_top;
      for (int32_t ox = 0; ox < w->out_w; ox++) {
        const int32_t left = ox * w->stride_w - w->pad_left;
        const view v = view_of(p, x, top, left);
        const int32_t count = nanoc_count(&p->average, top, left);
        const float scale = count > 0 ? p->x_scale / (p->y_scale * (float)count) : 1.0f;
        for (int32_t channel = 0; channel < w->channels; channel++) {
          *y++ = (int16_t)nanoc_requantize_s16(sum(&v, channel), scale, p->y_zero, p->low, p->high);
        }
      }
    }
    x += w->in_h * w->in_w * w->channels;
  }
}
