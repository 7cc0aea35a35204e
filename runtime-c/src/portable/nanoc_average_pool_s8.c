#include "nanoc/fours.h"
#include "nanoc/pool.h"
#include "nanoc/taps.h"

/* The part of a window that lies in the image. */
typedef struct {
  const int8_t *origin; /* its first pixel */
  int32_t rows;
  int32_t columns;
  int32_t row_step; /* elements from one row of taps to the next */
  int32_t column_step;
  int32_t zero_sum; /* x_zero times the number of taps */
} view;

/* How the sums of a pixel become bytes. */
typedef struct {
  int32_t count;
  float scale;
} divisor;

/* Without an FPU one copy for all channels: it is long next to the loops that it ends. */
#if NANOC_FPU
#define FINISH static inline
#else
#define FINISH static NANOC_NOINLINE
#endif

FINISH int8_t finish(const nanoc_average_pool_s8_params *p, int32_t sum, float scale) {
  return (int8_t)nanoc_requantize(sum, scale, p->y_zero, p->low, p->high);
}

#if NANOC_SIMD_FOURS

/* Windows of up to 255 taps: two sums in a word, which 255 bytes do not leave. */
static inline void sum_small(int32_t sums[4], const view *v, int32_t channel) {
  uint32_t even = 0;
  uint32_t odd = 0;
  const int8_t *row = v->origin + channel;
  for (int32_t ky = v->rows; ky > 0; ky--, row += v->row_step) {
    const int8_t *tap = row;
    for (int32_t kx = v->columns; kx > 0; kx--, tap += v->column_step) {
      uint32_t four;
      (void)memcpy(&four, tap, 4);
      even = (uint32_t)__sxtab16((int16x2_t)even, (int8x4_t)four);
      odd = (uint32_t)__sxtab16((int16x2_t)odd, (int8x4_t)((four >> 8) | (four << 24)));
    }
  }
  sums[0] = (int16_t)(uint16_t)even - v->zero_sum;
  sums[1] = (int16_t)(uint16_t)odd - v->zero_sum;
  sums[2] = (int16_t)(uint16_t)(even >> 16) - v->zero_sum;
  sums[3] = (int16_t)(uint16_t)(odd >> 16) - v->zero_sum;
}

#endif

static void sum4(int32_t sums[4], const view *v, int32_t channel) {
#if NANOC_SIMD_FOURS
  if (v->rows * v->columns < 256) {
    sum_small(sums, v, channel);
    return;
  }
#endif
  for (int32_t c = 0; c < 4; c++) {
    sums[c] = -v->zero_sum;
  }
  const int8_t *row = v->origin + channel;
  for (int32_t ky = 0; ky < v->rows; ky++, row += v->row_step) {
    nanoc_add_taps(sums, row, v->column_step, v->columns);
  }
}

static int32_t sum1(const view *v, int32_t channel) {
  int32_t sum = -v->zero_sum;
  for (int32_t ky = 0; ky < v->rows; ky++) {
    const int8_t *tap = v->origin + channel + ky * v->row_step;
    for (int32_t kx = 0; kx < v->columns; kx++, tap += v->column_step) {
      sum += *tap;
    }
  }
  return sum;
}

static void pixel(const nanoc_average_pool_s8_params *p, const view *v, float scale, int8_t *y) {
  const int32_t channels = p->average.window.channels;
  int32_t channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    int32_t sums[4];
    sum4(sums, v, channel);
    for (int32_t c = 0; c < 4; c++) {
      y[channel + c] = finish(p, sums[c], scale);
    }
  }
  for (; channel < channels; channel++) {
    y[channel] = finish(p, sum1(v, channel), scale);
  }
}

/* Most windows of a layer have equal counts: the division is done once for them. */
static void set_count(divisor *d, const nanoc_average_pool_s8_params *p, int32_t count) {
  if (count != d->count && count > 0) {
    d->count = count;
    d->scale = p->x_scale / (p->y_scale * (float)count);
  }
}

void nanoc_average_pool_s8(const int8_t *x, int8_t *y, const nanoc_average_pool_s8_params *params) {
  const nanoc_window *w = &params->average.window;
  const int32_t image_row = w->in_w * w->channels;
  divisor d = {0, 1.0f};
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
        v.zero_sum = params->x_zero * v.rows * v.columns;
        v.origin = x;
        if (v.rows > 0 && v.columns > 0) {
          v.origin += (top + rows.first * w->dilation_h) * image_row + (left + columns.first * w->dilation_w) * w->channels;
        }
        if (v.row_step == v.columns * v.column_step) {
          /* The window is as wide as the image: its rows are one. */
          v.columns *= v.rows;
          v.rows = 1;
        }
        set_count(&d, params, nanoc_count(&params->average, top, left));
        pixel(params, &v, d.scale, y);
        y += w->channels;
      }
    }
    x += w->in_h * image_row;
  }
}
