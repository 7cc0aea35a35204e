#include "nanoc/float_taps.h"

/** Four channels of a pixel. Weights: [kernel_h][kernel_w][4]. */
static void nanoc_depthwise_f32_four(const nanoc_conv_f32_params *p, const float *x, int32_t top, int32_t left,
                                     nanoc_float_taps rows, nanoc_float_taps columns, const float *weights, float *sums) {
  float sum0 = sums[0];
  float sum1 = sums[1];
  float sum2 = sums[2];
  float sum3 = sums[3];
  const int32_t step = p->dilation_w * p->in_c;
  for (int32_t ky = rows.from; ky < rows.to; ky++) {
    const float *tap = x + ((top + ky * p->dilation_h) * p->in_w + left + columns.from * p->dilation_w) * p->in_c;
    const float *own = weights + (ky * p->kernel_w + columns.from) * 4;
    for (int32_t kx = columns.from; kx < columns.to; kx++) {
      sum0 = sum0 + tap[0] * own[0];
      sum1 = sum1 + tap[1] * own[1];
      sum2 = sum2 + tap[2] * own[2];
      sum3 = sum3 + tap[3] * own[3];
      tap += step;
      own += 4;
    }
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

/** One channel of the last one to three, whose weights lie in a block of four too. */
static float nanoc_depthwise_f32_one(const nanoc_conv_f32_params *p, const float *x, int32_t top, int32_t left,
                                     nanoc_float_taps rows, nanoc_float_taps columns, const float *weights, float sum) {
  for (int32_t ky = rows.from; ky < rows.to; ky++) {
    const int32_t row = (top + ky * p->dilation_h) * p->in_w;
    for (int32_t kx = columns.from; kx < columns.to; kx++) {
      sum = sum + x[(row + left + kx * p->dilation_w) * p->in_c] * weights[(ky * p->kernel_w + kx) * 4];
    }
  }
  return sum;
}

void nanoc_depthwise_f32(const float *x, float *y, const nanoc_conv_f32_params *params) {
  const nanoc_conv_f32_params *p = params;
  for (int32_t pixel = 0; pixel < p->batches * p->out_h * p->out_w; pixel++) {
    const int32_t top = pixel / p->out_w % p->out_h * p->stride_h - p->pad_top;
    const int32_t left = pixel % p->out_w * p->stride_w - p->pad_left;
    const float *const image = x + pixel / (p->out_w * p->out_h) * p->in_h * p->in_w * p->in_c;
    const nanoc_float_taps rows = nanoc_taps_within(top, p->dilation_h, p->kernel_h, p->in_h);
    const nanoc_float_taps columns = nanoc_taps_within(left, p->dilation_w, p->kernel_w, p->in_w);
    for (int32_t channel = 0; channel < p->out_c; channel += 4) {
      const float *const weights = p->weights + channel * p->kernel_h * p->kernel_w;
      const int32_t rest = p->out_c - channel;
      const int32_t channels = rest < 4 ? rest : 4;
      float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
      for (int32_t k = 0; p->bias != NULL && k < channels; k++) {
        sums[k] = p->bias[channel + k];
      }
      if (rest >= 4) {
        nanoc_depthwise_f32_four(p, image + channel, top, left, rows, columns, weights, sums);
      } else {
        for (int32_t k = 0; k < channels; k++) {
          sums[k] = nanoc_depthwise_f32_one(p, image + channel + k, top, left, rows, columns, weights + k, sums[k]);
        }
      }
      for (int32_t k = 0; k < channels; k++) {
        *y++ = nanoc_clamp_float(sums[k], p);
      }
    }
  }
}
