#include "nanoc/pool.h"

#include "nanoc/fours.h"

/* The part of a window that lies in the image. */
typedef struct {
  const int8_t *origin; /* its first pixel */
  int32_t rows;
  int32_t columns;
  int32_t row_step; /* elements from one row of taps to the next */
  int32_t column_step;
} view;

static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

#if NANOC_SIMD_FOURS

static void max4(const view *v, int32_t channel, int8_t *y) {
  uint32_t most = 0x80808080u;
  const int8_t *row = v->origin + channel;
  for (int32_t ky = 0; ky < v->rows; ky++, row += v->row_step) {
    const int8_t *tap = row;
    for (int32_t kx = 0; kx < v->columns; kx++, tap += v->column_step) {
      uint32_t four;
      (void)memcpy(&four, tap, 4);
      (void)__ssub8((int8x4_t)most, (int8x4_t)four);
      most = __sel(most, four);
    }
  }
  (void)memcpy(y, &most, 4);
}

#else

static void max4(const view *v, int32_t channel, int8_t *y) {
  int32_t m0 = INT8_MIN;
  int32_t m1 = INT8_MIN;
  int32_t m2 = INT8_MIN;
  int32_t m3 = INT8_MIN;
  const int8_t *row = v->origin + channel;
  for (int32_t ky = 0; ky < v->rows; ky++, row += v->row_step) {
    const int8_t *tap = row;
    for (int32_t kx = 0; kx < v->columns; kx++, tap += v->column_step) {
      m0 = larger(m0, tap[0]);
      m1 = larger(m1, tap[1]);
      m2 = larger(m2, tap[2]);
      m3 = larger(m3, tap[3]);
    }
  }
  y[0] = (int8_t)m0;
  y[1] = (int8_t)m1;
  y[2] = (int8_t)m2;
  y[3] = (int8_t)m3;
}

#endif

static int8_t max1(const view *v, int32_t channel) {
  int32_t m = INT8_MIN;
  for (int32_t ky = 0; ky < v->rows; ky++) {
    const int8_t *tap = v->origin + channel + ky * v->row_step;
    for (int32_t kx = 0; kx < v->columns; kx++, tap += v->column_step) {
      m = larger(m, *tap);
    }
  }
  return (int8_t)m;
}

void nanoc_max_pool_s8(const int8_t *x, int8_t *y, const nanoc_window *window) {
  const nanoc_window *w = window;
  const int32_t image_row = w->in_w * w->channels;
  view v;
  v.row_step = w->dilation_h * image_row;
  v.column_step = w->dilation_w * w->channels;
  for (int32_t batch = 0; batch < w->batches; batch++) {
    for (int32_t oy = 0; oy < w->out_h; oy++) {
      const int32_t top = oy * w->stride_h - w->pad_top;
      const nanoc_taps rows = nanoc_taps_inside(top, w->dilation_h, w->kernel_h, 0, w->in_h);
      for (int32_t ox = 0; ox < w->out_w; ox++) {
        const int32_t left = ox * w->stride_w - w->pad_left;
        const nanoc_taps columns = nanoc_taps_inside(left, w->dilation_w, w->kernel_w, 0, w->in_w);
        v.rows = rows.last - rows.first;
        v.columns = columns.last - columns.first;
        v.origin = x;
        if (v.rows > 0 && v.columns > 0) {
          v.origin += (top + rows.first * w->dilation_h) * image_row + (left + columns.first * w->dilation_w) * w->channels;
        }
        if (v.row_step == v.columns * v.column_step) {
          /* The window is as wide as the image: its rows are one. */
          v.columns *= v.rows;
          v.rows = 1;
        }
        int32_t channel = 0;
        for (; channel + 4 <= w->channels; channel += 4) {
          max4(&v, channel, y + channel);
        }
        for (; channel < w->channels; channel++) {
          y[channel] = max1(&v, channel);
        }
        y += w->channels;
      }
    }
    x += w->in_h * image_row;
  }
}
