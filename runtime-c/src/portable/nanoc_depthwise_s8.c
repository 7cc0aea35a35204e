#include "nanoc/conv.h"

/* Four channels of one output pixel. */
static void pixel4(const nanoc_conv_s8_params *p, const int8_t *x, int32_t top, int32_t left, int32_t channel, int8_t *y) {
  const int8_t *weights = p->weights + channel;
  int32_t s0 = p->bias[channel];
  int32_t s1 = p->bias[channel + 1];
  int32_t s2 = p->bias[channel + 2];
  int32_t s3 = p->bias[channel + 3];
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int32_t iy = top + ky * p->dilation_h;
    const int32_t row_inside = iy >= 0 && iy < p->in_h;
    const int8_t *row = row_inside ? x + iy * p->in_w * p->in_c : x;
    for (int32_t kx = 0; kx < p->kernel_w; kx++, weights += p->in_c) {
      const int32_t ix = left + kx * p->dilation_w;
      if (row_inside && ix >= 0 && ix < p->in_w) {
        const int8_t *tap = row + ix * p->in_c + channel;
        s0 = nanoc_mac(s0, tap[0], weights[0]);
        s1 = nanoc_mac(s1, tap[1], weights[1]);
        s2 = nanoc_mac(s2, tap[2], weights[2]);
        s3 = nanoc_mac(s3, tap[3], weights[3]);
      } else {
        s0 = nanoc_mac(s0, p->x_zero, weights[0]);
        s1 = nanoc_mac(s1, p->x_zero, weights[1]);
        s2 = nanoc_mac(s2, p->x_zero, weights[2]);
        s3 = nanoc_mac(s3, p->x_zero, weights[3]);
      }
    }
  }
  y[0] = nanoc_output_s8(&p->output, s0, channel);
  y[1] = nanoc_output_s8(&p->output, s1, channel + 1);
  y[2] = nanoc_output_s8(&p->output, s2, channel + 2);
  y[3] = nanoc_output_s8(&p->output, s3, channel + 3);
}

static int8_t pixel1(const nanoc_conv_s8_params *p, const int8_t *x, int32_t top, int32_t left, int32_t channel) {
  const int8_t *weights = p->weights + channel;
  int32_t sum = p->bias[channel];
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int32_t iy = top + ky * p->dilation_h;
    for (int32_t kx = 0; kx < p->kernel_w; kx++, weights += p->in_c) {
      const int32_t ix = left + kx * p->dilation_w;
      const int32_t is_inside = iy >= 0 && iy < p->in_h && ix >= 0 && ix < p->in_w;
      sum = nanoc_mac(sum, is_inside ? x[(iy * p->in_w + ix) * p->in_c + channel] : p->x_zero, *weights);
    }
  }
  return nanoc_output_s8(&p->output, sum, channel);
}

void nanoc_depthwise_s8(const int8_t *x, int8_t *y, const nanoc_conv_s8_params *params) {
  const nanoc_conv_s8_params *p = params;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        const int32_t top = oy * p->stride_h - p->pad_top;
        const int32_t left = ox * p->stride_w - p->pad_left;
        int32_t channel = 0;
        for (; channel + 4 <= p->in_c; channel += 4) {
          pixel4(p, x, top, left, channel, y + channel);
        }
        for (; channel < p->in_c; channel++) {
          y[channel] = pixel1(p, x, top, left, channel);
        }
        y += p->in_c;
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
