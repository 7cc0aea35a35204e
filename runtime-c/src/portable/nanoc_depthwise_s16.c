#include "nanoc/halfwords.h"

/* The part of a window that lies in the image. */
typedef struct {
  const int16_t *x; /* its first tap */
  const int8_t *weights;
  int32_t rows;
  int32_t columns;
} part;

static part inside(const nanoc_conv_s16_params *p, const int16_t *x, int32_t top, int32_t left) {
  int32_t first_row = 0;
  int32_t first_column = 0;
  part v = {x, p->weights, p->kernel_h, p->kernel_w};
  while (first_row < p->kernel_h && top + first_row * p->dilation_h < 0) {
    first_row++;
  }
  while (first_column < p->kernel_w && left + first_column * p->dilation_w < 0) {
    first_column++;
  }
  while (v.rows > first_row && top + (v.rows - 1) * p->dilation_h >= p->in_h) {
    v.rows--;
  }
  while (v.columns > first_column && left + (v.columns - 1) * p->dilation_w >= p->in_w) {
    v.columns--;
  }
  v.rows -= first_row;
  v.columns -= first_column;
  if (v.rows > 0 && v.columns > 0) {
    const int32_t pixel = (top + first_row * p->dilation_h) * p->in_w + left + first_column * p->dilation_w;
    v.x += pixel * p->in_c;
    v.weights += (first_row * p->kernel_w + first_column) * p->in_c;
  }
  return v;
}

/* 255 taps of 16 bits less a zero point, times eight bits, fit 32. */
static int32_t sum(const nanoc_conv_s16_params *p, const part *v, int32_t channel) {
  int32_t total = 0;
  for (int32_t ky = 0; ky < v->rows; ky++) {
    const int16_t *tap = v->x + ky * p->dilation_h * p->in_w * p->in_c + channel;
    const int8_t *weight = v->weights + ky * p->kernel_w * p->in_c + channel;
    for (int32_t kx = 0; kx < v->columns; kx++) {
      total += (*tap - p->x_zero) * *weight;
      tap += p->dilation_w * p->in_c;
      weight += p->in_c;
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
        for (int32_t channel = 0; channel < p->in_c; channel++) {
          *y++ = nanoc_output_s16(&p->output, p->bias[channel] + sum(p, &v, channel), channel);
        }
      }
    }
  }
}
