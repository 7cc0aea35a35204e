#include "nanoc/conv.h"
#include "nanoc/dot.h"

/* The taps of one row of the window that lie inside the image: first to last, not included. */
typedef struct {
  int32_t first;
  int32_t last;
} taps;

static taps inside(int32_t start, int32_t dilation, int32_t kernel, int32_t size) {
  taps result = {0, kernel};
  while (result.first < kernel && start + result.first * dilation < 0) {
    result.first++;
  }
  while (result.last > result.first && start + (result.last - 1) * dilation >= size) {
    result.last--;
  }
  return result;
}

/* The window of one output pixel; y and x are where its tap (0, 0) lies in the image, perhaps outside. */
typedef struct {
  const int8_t *origin; /* first channel of the group in the first pixel of the image */
  int32_t y;
  int32_t x;
  taps rows;
  taps columns;
} window;

/* Offset of a tap from the start of the image. */
static int32_t offset_of(const nanoc_conv_s8_params *p, const window *w, int32_t ky, int32_t kx) {
  return ((w->y + ky * p->dilation_h) * p->in_w + w->x + kx * p->dilation_w) * p->in_c;
}

static void dot4_window(int32_t sums[4], const nanoc_conv_s8_params *p, const window *w, const int8_t *weights, int32_t depth) {
  const int32_t row = p->kernel_w * depth;
  for (int32_t ky = 0; ky < p->kernel_h; ky++, weights += 4 * row) {
    if (ky < w->rows.first || ky >= w->rows.last || w->columns.first >= w->columns.last) {
      nanoc_dot4_constant(sums, p->x_zero, weights, row);
      continue;
    }
    const int32_t before = w->columns.first * depth;
    const int32_t after = w->columns.last * depth;
    nanoc_dot4_constant(sums, p->x_zero, weights, before);
    const int8_t *x = w->origin + offset_of(p, w, ky, w->columns.first);
    if (p->dilation_w == 1 && depth == p->in_c) {
      nanoc_dot4(sums, x, weights + 4 * before, after - before);
    } else {
      for (int32_t k = before; k < after; k += depth) {
        nanoc_dot4(sums, x, weights + 4 * k, depth);
        x += p->dilation_w * p->in_c;
      }
    }
    nanoc_dot4_constant(sums, p->x_zero, weights + 4 * after, row - after);
  }
}

/* One channel of a block that is not full: weights lie `step` apart. */
static int32_t dot1_window(int32_t sum, const nanoc_conv_s8_params *p, const window *w, const int8_t *weights, int32_t step, int32_t depth) {
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    for (int32_t kx = 0; kx < p->kernel_w; kx++, weights += step * depth) {
      if (ky >= w->rows.first && ky < w->rows.last && kx >= w->columns.first && kx < w->columns.last) {
        sum = nanoc_dot1(sum, w->origin + offset_of(p, w, ky, kx), weights, step, depth);
      } else {
        for (int32_t k = 0; k < depth; k++) {
          sum = nanoc_mac(sum, p->x_zero, weights[step * k]);
        }
      }
    }
  }
  return sum;
}

/* Sum of the inputs under the window, for weights with a zero point; taps in the padding are the zero point of x. */
static int32_t sum_window(const nanoc_conv_s8_params *p, const window *w, int32_t depth) {
  int32_t sum = 0;
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    for (int32_t kx = 0; kx < p->kernel_w; kx++) {
      if (ky >= w->rows.first && ky < w->rows.last && kx >= w->columns.first && kx < w->columns.last) {
        sum += nanoc_sum(w->origin + offset_of(p, w, ky, kx), depth);
      } else {
        sum += p->x_zero * depth;
      }
    }
  }
  return sum;
}

static void conv_group(const nanoc_conv_s8_params *p, const window *w, const int8_t *weights, int32_t first, int8_t *y) {
  const int32_t depth = p->in_c / p->groups;
  const int32_t channels = p->out_c / p->groups;
  const int32_t inner = p->kernel_h * p->kernel_w * depth;
  const int32_t input_sum = p->weight_zeros == NULL ? 0 : sum_window(p, w, depth);
  int32_t channel = first;
  for (; channel + 4 <= first + channels; channel += 4) {
    int32_t sums[4];
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = p->bias[channel + c];
      if (p->weight_zeros != NULL) {
        sums[c] = nanoc_mac(sums[c], -p->weight_zeros[channel + c], input_sum);
      }
    }
    dot4_window(sums, p, w, weights, depth);
    weights += 4 * inner;
    for (int32_t c = 0; c < 4; c++) {
      y[channel + c] = nanoc_output_s8(&p->output, sums[c], channel + c);
    }
  }
  const int32_t rest = first + channels - channel;
  for (int32_t c = 0; c < rest; c++) {
    int32_t sum = p->bias[channel + c];
    if (p->weight_zeros != NULL) {
      sum = nanoc_mac(sum, -p->weight_zeros[channel + c], input_sum);
    }
    sum = dot1_window(sum, p, w, weights + c, rest, depth);
    y[channel + c] = nanoc_output_s8(&p->output, sum, channel + c);
  }
}

void nanoc_conv_s8(const int8_t *x, int8_t *y, const nanoc_conv_s8_params *params) {
  const nanoc_conv_s8_params *p = params;
  const int32_t depth = p->in_c / p->groups;
  const int32_t channels = p->out_c / p->groups;
  const int32_t group_size = p->kernel_h * p->kernel_w * depth * channels;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    window w;
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      w.y = oy * p->stride_h - p->pad_top;
      w.rows = inside(w.y, p->dilation_h, p->kernel_h, p->in_h);
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        w.x = ox * p->stride_w - p->pad_left;
        w.columns = inside(w.x, p->dilation_w, p->kernel_w, p->in_w);
        for (int32_t group = 0; group < p->groups; group++) {
          w.origin = x + group * depth;
          conv_group(p, &w, p->weights + group * group_size, group * channels, y);
        }
        y += p->out_c;
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
