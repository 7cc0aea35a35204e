#include "nanoc/conv.h"

/* Index of the input that reaches an output through a tap; -1 when none does. */
static int32_t source(int32_t output, int32_t pad, int32_t tap, int32_t stride, int32_t size) {
  const int32_t at = output + pad - tap;
  return at >= 0 && at % stride == 0 && at / stride < size ? at / stride : -1;
}

static float channel_at(const nanoc_conv_f32_params *p, const float *x, int32_t oy, int32_t ox, int32_t channel) {
  const int32_t depth = p->in_c / p->groups;
  const int32_t first = channel / (p->out_c / p->groups) * depth;
  const float *weights = p->weights + channel * p->kernel_h * p->kernel_w * depth;
  float sum = p->bias == NULL ? 0.0f : p->bias[channel];
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int32_t iy = source(oy, p->pad_top, ky * p->dilation_h, p->stride_h, p->in_h);
    for (int32_t kx = 0; kx < p->kernel_w; kx++, weights += depth) {
      const int32_t ix = source(ox, p->pad_left, kx * p->dilation_w, p->stride_w, p->in_w);
      if (iy < 0 || ix < 0) {
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

void nanoc_conv_transpose_f32(const float *x, float *y, const nanoc_conv_f32_params *params) {
  const nanoc_conv_f32_params *p = params;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        for (int32_t channel = 0; channel < p->out_c; channel++) {
          *y++ = channel_at(p, x, oy, ox, channel);
        }
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
