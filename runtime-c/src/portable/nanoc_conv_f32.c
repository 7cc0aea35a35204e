#include "nanoc/conv.h"

static float channel_at(const nanoc_conv_f32_params *p, const float *x, int32_t top, int32_t left, int32_t channel) {
  const int32_t depth = p->in_c / p->groups;
  const int32_t first = channel / (p->out_c / p->groups) * depth;
  const float *weights = p->weights + channel * p->kernel_h * p->kernel_w * depth;
  float sum = p->bias == NULL ? 0.0f : p->bias[channel];
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int32_t iy = top + ky * p->dilation_h;
    for (int32_t kx = 0; kx < p->kernel_w; kx++, weights += depth) {
      const int32_t ix = left + kx * p->dilation_w;
      if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w) {
        continue;
      }
      const float *tap = x + (iy * p->in_w + ix) * p->in_c + first;
      for (int32_t k = 0; k < depth; k++) {
        sum = sum + tap[k] * weights[k];
      }
    }
  }
  sum = sum < p->low ? p->low : sum;
  return sum > p->high ? p->high : sum;
}

void nanoc_conv_f32(const float *x, float *y, const nanoc_conv_f32_params *params) {
  const nanoc_conv_f32_params *p = params;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        for (int32_t channel = 0; channel < p->out_c; channel++) {
          *y++ = channel_at(p, x, oy * p->stride_h - p->pad_top, ox * p->stride_w - p->pad_left, channel);
        }
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
