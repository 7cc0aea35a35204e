/* Pooling over [batch][height][width][channels]. Taps in the padding are skipped, never read. */
#ifndef NANOC_POOL_H
#define NANOC_POOL_H

#include "nanoc/requantize.h"

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t channels;
  int32_t out_h;
  int32_t out_w;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t dilation_h;
  int32_t dilation_w;
  int32_t pad_top;
  int32_t pad_left;
} nanoc_window;

/** y = the largest input under the window; -128 where the whole window lies in the padding. Channels in ascending order. */
void nanoc_max_pool_s8(const int8_t *x, int8_t *y, const nanoc_window *window);
/** The same for halfwords; -32768 where the whole window lies in the padding. */
void nanoc_max_pool_s16(const int16_t *x, int16_t *y, const nanoc_window *window);
/** The same in float32; the lowest finite number where the whole window lies in the padding. */
void nanoc_max_pool_f32(const float *x, float *y, const nanoc_window *window);

typedef struct {
  nanoc_window window;
  /** The average is over the taps that lie in rows -pad_top to count_h - 1 and columns -pad_left to count_w - 1: with
   *  count_include_pad this takes in the padding, without it (count_pad 0) only the image. */
  int32_t count_pad;
  int32_t count_h;
  int32_t count_w;
} nanoc_average_window;

typedef struct {
  nanoc_average_window average;
  int32_t x_zero;
  float x_scale;
  float y_scale;
  int32_t y_zero;
  int32_t low;
  int32_t high;
} nanoc_average_pool_s8_params;

/** y = requantize(sum of (x - x_zero), x_scale / (y_scale * count)): docs/NUMERICS.md, "Averages". Channels in ascending order. */
void nanoc_average_pool_s8(const int8_t *x, int8_t *y, const nanoc_average_pool_s8_params *params);

typedef nanoc_average_pool_s8_params nanoc_average_pool_s16_params;

/** The same for halfwords, at most 32,767 taps. */
void nanoc_average_pool_s16(const int16_t *x, int16_t *y, const nanoc_average_pool_s16_params *params);

/** The average over all pixels of an image: one output pixel. */
typedef struct {
  int32_t batches;
  int32_t pixels;
  int32_t channels;
  int32_t zero_sum; /* the zero point of x times pixels */
  float scale;      /* x_scale / (y_scale * pixels) */
  int32_t y_zero;
} nanoc_average_all_s8_params;

void nanoc_average_all_s8(const int8_t *x, int8_t *y, const nanoc_average_all_s8_params *params);

/** y = sum / (float)count, summed row by row in ascending order; 0 where no tap counts. */
void nanoc_average_pool_f32(const float *x, float *y, const nanoc_average_window *average);

/** The taps of a row or column of a window that lie in [low, high): first to last, not included. */
typedef struct {
  int32_t first;
  int32_t last;
} nanoc_taps;

static inline nanoc_taps nanoc_taps_inside(int32_t start, int32_t dilation, int32_t kernel, int32_t low, int32_t high) {
  nanoc_taps taps = {0, kernel};
  while (taps.first < kernel && start + taps.first * dilation < low) {
    taps.first++;
  }
  while (taps.last > taps.first && start + (taps.last - 1) * dilation >= high) {
    taps.last--;
  }
  return taps;
}

/** Number of taps that an average counts, for the window whose tap (0, 0) is at (top, left). */
static inline int32_t nanoc_count(const nanoc_average_window *a, int32_t top, int32_t left) {
  const nanoc_window *w = &a->window;
  const int32_t low_h = a->count_pad != 0 ? -w->pad_top : 0;
  const int32_t low_w = a->count_pad != 0 ? -w->pad_left : 0;
  const nanoc_taps rows = nanoc_taps_inside(top, w->dilation_h, w->kernel_h, low_h, a->count_h);
  const nanoc_taps columns = nanoc_taps_inside(left, w->dilation_w, w->kernel_w, low_w, a->count_w);
  return (rows.last - rows.first) * (columns.last - columns.first);
}

#endif
