#include "nanoc/halfwords.h"
#include "nanoc/pool.h"

/* The part of a window that lies in the image. */
typedef struct {
  const int16_t *x; /* its first tap */
  const int8_t *weights;
  int32_t rows;
  int32_t columns;
  int32_t x_step; /* elements from a tap of a row to the next */
  int32_t x_skip; /* elements from behind a row to the next row's first tap */
  int32_t w_skip;
} part;

static part inside(const nanoc_conv_s16_params *p, const int16_t *x, int32_t top, int32_t left) {
  const nanoc_taps rows = nanoc_taps_inside(top, p->dilation_h, p->kernel_h, 0, p->in_h);
  const nanoc_taps columns = nanoc_taps_inside(left, p->dilation_w, p->kernel_w, 0, p->in_w);
  const int32_t step = p->dilation_w * p->in_c;
  part v = {x, p->weights, rows.last - rows.first, columns.last - columns.first, step, 0, 0};
  if (v.rows > 0 && v.columns > 0) {
    v.x += ((top + rows.first * p->dilation_h) * p->in_w + left + columns.first * p->dilation_w) * p->in_c;
    v.weights += (rows.first * p->kernel_w + columns.first) * p->in_c;
  }
  v.x_skip = p->dilation_h * p->in_w * p->in_c - v.columns * step;
  v.w_skip = (p->kernel_w - v.columns) * p->in_c;
  return v;
}

/* Two neighbouring channels. 255 taps of 16 bits less a zero point, times eight bits, fit 32. */
static NANOC_NOINLINE void sum2(const part *v, int32_t x_zero, int32_t channels, int32_t channel, int32_t sums[2]) {
  const int16_t *tap = v->x + channel;
  const int8_t *weight = v->weights + channel;
  const int32_t step = v->x_step;
  int32_t s0 = 0;
  int32_t s1 = 0;
  for (int32_t row = v->rows; row > 0; row--) {
    for (const int16_t *const end = tap + v->columns * step; tap != end; tap += step) {
      s0 += (tap[0] - x_zero) * weight[0];
      s1 += (tap[1] - x_zero) * weight[1];
      weight += channels;
    }
    if (row > 1) {
      tap += v->x_skip;
      weight += v->w_skip;
    }
  }
  sums[0] = s0;
  sums[1] = s1;
}

static int32_t sum1(const part *v, int32_t x_zero, int32_t channels, int32_t channel) {
  const int16_t *tap = v->x + channel;
  const int8_t *weight = v->weights + channel;
  int32_t total = 0;
  for (int32_t row = v->rows; row > 0; row--) {
    for (int32_t column = v->columns; column > 0; column--, tap += v->x_step, weight += channels) {
      total += (*tap - x_zero) * *weight;
    }
    if (row > 1) {
      tap += v->x_skip;
      weight += v->w_skip;
    }
  }
  return total;
}

void nanoc_depthwise_s16(const int16_t *x, int16_t *y, const nanoc_conv_s16_params *params) {
  const nanoc_conv_s16_params *p = params;
  for (int32_t batch = 0; batch < p->batches; batch++, x += p->in_h * p->in_w * p->in_c) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        const part v = inside(p, x, oy * p->stride_h - p->pad_top, ox * p->stride_w - p->pad_left);
        int32_t channel = 0;
        for (; channel + 2 <= p->in_c; channel += 2) {
          int32_t sums[2];
          sum2(&v, p->x_zero, p->in_c, channel, sums);
          *y++ = nanoc_output_s16(&p->output, p->bias[channel] + sums[0], channel);
          *y++ = nanoc_output_s16(&p->output, p->bias[channel + 1] + sums[1], channel + 1);
        }
        for (; channel < p->in_c; channel++) {
          *y++ = nanoc_output_s16(&p->output, p->bias[channel] + sum1(&v, p->x_zero, p->in_c, channel), channel);
        }
      }
    }
  }
}
