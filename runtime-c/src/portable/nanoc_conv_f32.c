#include "nanoc/float_taps.h"

/** sums[0..3] = sums[0..3] + products of `count` inputs with four channels, [count][4]. */
static void nanoc_conv_f32_four(const float *x, const float *weights, int32_t count, float *sums) {
  float sum0 = sums[0];
  float sum1 = sums[1];
  float sum2 = sums[2];
  float sum3 = sums[3];
  for (int32_t k = 0; k < count; k++) {
    const float value = x[k];
    sum0 = sum0 + value * weights[0];
    sum1 = sum1 + value * weights[1];
    sum2 = sum2 + value * weights[2];
    sum3 = sum3 + value * weights[3];
    weights += 4;
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

/** The same for the last one to three channels of a group, [count][channels]. */
static void nanoc_conv_f32_rest(const float *x, const float *weights, int32_t count, int32_t channels, float *sums) {
  for (int32_t k = 0; k < count; k++) {
    for (int32_t channel = 0; channel < channels; channel++) {
      sums[channel] = sums[channel] + x[k] * weights[channel];
    }
    weights += channels;
  }
}

/** Where a pixel's window lies, and which of its taps are in the image. */
typedef struct {
  const float *x; /* the image */
  int32_t top;
  int32_t left;
  nanoc_float_taps rows;
  nanoc_float_taps columns;
} nanoc_conv_f32_window;

/** One to four channels of a pixel; `weights` are theirs, `first` the group's first input channel. */
static void nanoc_conv_f32_channels(const nanoc_conv_f32_params *p, const nanoc_conv_f32_window *window, int32_t first,
                                    const float *weights, int32_t channels, float *sums) {
  const int32_t depth = p->in_c / p->groups;
  /* Where the taps of a row lie side by side they are one run. */
  const int32_t joined = p->dilation_w == 1 && p->groups == 1 ? window->columns.to - window->columns.from : 1;
  for (int32_t ky = window->rows.from; ky < window->rows.to; ky++) {
    const int32_t row = (window->top + ky * p->dilation_h) * p->in_w + window->left;
    for (int32_t kx = window->columns.from; kx < window->columns.to; kx += joined) {
      const float *const taps = window->x + (row + kx * p->dilation_w) * p->in_c + first;
      const float *const own = weights + (ky * p->kernel_w + kx) * depth * channels;
      if (channels == 4) {
        nanoc_conv_f32_four(taps, own, joined * depth, sums);
      } else {
        nanoc_conv_f32_rest(taps, own, joined * depth, channels, sums);
      }
    }
  }
}

/** All channels of a pixel. */
static void nanoc_conv_f32_pixel(const nanoc_conv_f32_params *p, const nanoc_conv_f32_window *window, float *y) {
  const int32_t depth = p->in_c / p->groups;
  const int32_t each = p->out_c / p->groups;
  const int32_t taps = p->kernel_h * p->kernel_w * depth;
  const float *weights = p->weights;
  const float *bias = p->bias;
  for (int32_t group = 0; group < p->groups; group++) {
    for (int32_t channel = 0; channel < each; channel += 4) {
      const int32_t channels = each - channel < 4 ? each - channel : 4;
      float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
      for (int32_t k = 0; bias != NULL && k < channels; k++) {
        sums[k] = *bias++;
      }
      nanoc_conv_f32_channels(p, window, group * depth, weights, channels, sums);
      for (int32_t k = 0; k < channels; k++) {
        *y++ = nanoc_clamp_float(sums[k], p);
      }
      weights += taps * channels;
    }
  }
}

void nanoc_conv_f32(const float *x, float *y, const nanoc_conv_f32_params *params) {
  const nanoc_conv_f32_params *p = params;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    nanoc_conv_f32_window window = {x, -p->pad_top, 0, {0, 0}, {0, 0}};
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      window.rows = nanoc_taps_within(window.top, p->dilation_h, p->kernel_h, p->in_h);
      window.left = -p->pad_left;
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        window.columns = nanoc_taps_within(window.left, p->dilation_w, p->kernel_w, p->in_w);
        nanoc_conv_f32_pixel(p, &window, y);
        y += p->out_c;
        window.left += p->stride_w;
      }
      window.top += p->stride_h;
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
