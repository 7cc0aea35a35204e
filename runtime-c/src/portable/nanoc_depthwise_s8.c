#include <string.h>

#include "nanoc/conv.h"

/* Rows of four channels, [height][width][4], with the padding filled in: what the windows of one output row see. */
typedef struct {
  int8_t *rows;
  int32_t height;
  int32_t width;
} ring;

static inline void copy4(int8_t *to, const int8_t *from) {
#if defined(__ARM_ARCH_6M__)
  /* This core cannot load words from anywhere. */
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[2];
  to[3] = from[3];
#else
  memcpy(to, from, 4);
#endif
}

static void fill_pixels(int8_t *to, int32_t pixels, int32_t value) {
  if (pixels > 0) {
    memset(to, value, (size_t)(4 * pixels));
  }
}

/* Row `row` of the image, perhaps outside of it, to its place in the ring; `lanes` channels from x on. */
static void load_row(const nanoc_conv_s8_params *p, const ring *r, const int8_t *x, int32_t row, int32_t lanes) {
  int8_t *to = r->rows + 4 * r->width * ((row + p->pad_top) % r->height);
  if (row < 0 || row >= p->in_h) {
    fill_pixels(to, r->width, p->x_zero);
    return;
  }
  const int32_t left = p->pad_left < r->width ? p->pad_left : r->width;
  const int32_t room = r->width - left;
  const int32_t inside = p->in_w < room ? p->in_w : room;
  const int32_t step = p->in_c;
  fill_pixels(to, left, p->x_zero);
  to += 4 * left;
  const int8_t *from = x + row * p->in_w * step;
  const int8_t *const end = to + 4 * inside;
  if (lanes == 4) {
    for (; to != end; to += 4, from += step) {
      copy4(to, from);
    }
  } else {
    for (; to != end; to += 4, from += step) {
      memcpy(to, from, (size_t)lanes);
    }
  }
  fill_pixels(to, room - inside, p->x_zero);
}

/* The place of the row `down` rows below `row` in the ring. */
static int32_t row_below(const ring *r, int32_t row, int32_t down) {
  const int32_t below = row + down;
  return below >= r->height ? below - r->height : below;
}

/* Four channels of one output pixel. */
static void pixel(const nanoc_conv_s8_params *p, const ring *r, int32_t row, int32_t column, const int8_t *w, int32_t sums[4]) {
  int32_t s0 = sums[0];
  int32_t s1 = sums[1];
  int32_t s2 = sums[2];
  int32_t s3 = sums[3];
  const int32_t step = 4 * p->dilation_w;
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int8_t *x = r->rows + 4 * (row * r->width + column);
    for (const int8_t *const end = w + 4 * p->kernel_w; w != end; w += 4, x += step) {
      s0 = nanoc_mac(s0, x[0], w[0]);
      s1 = nanoc_mac(s1, x[1], w[1]);
      s2 = nanoc_mac(s2, x[2], w[2]);
      s3 = nanoc_mac(s3, x[3], w[3]);
    }
    row = row_below(r, row, p->dilation_h);
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

/* The same for weights with zero points. */
static void pixel_with_zeros(const nanoc_conv_s8_params *p, const ring *r, int32_t row, int32_t column, const int8_t *w, const int32_t zeros[4],
                             int32_t sums[4]) {
  const int32_t step = 4 * p->dilation_w;
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int8_t *x = r->rows + 4 * (row * r->width + column);
    for (const int8_t *const end = w + 4 * p->kernel_w; w != end; w += 4, x += step) {
      sums[0] = nanoc_mac(sums[0], x[0], w[0] - zeros[0]);
      sums[1] = nanoc_mac(sums[1], x[1], w[1] - zeros[1]);
      sums[2] = nanoc_mac(sums[2], x[2], w[2] - zeros[2]);
      sums[3] = nanoc_mac(sums[3], x[3], w[3] - zeros[3]);
    }
    row = row_below(r, row, p->dilation_h);
  }
}

/* One channel of four output pixels side by side, for windows of three columns without steps: each input is loaded once a row. */
static void four_pixels(const nanoc_conv_s8_params *p, const ring *r, int32_t row, int32_t offset, const int8_t *w, int32_t sums[4]) {
  int32_t s0 = sums[0];
  int32_t s1 = s0;
  int32_t s2 = s0;
  int32_t s3 = s0;
  for (int32_t ky = 0; ky < p->kernel_h; ky++, w += 12) {
    const int8_t *x = r->rows + 4 * row * r->width + offset;
    const int32_t w0 = w[0];
    const int32_t w1 = w[4];
    const int32_t w2 = w[8];
    int32_t v = x[0];
    s0 = nanoc_mac(s0, v, w0);
    v = x[4];
    s0 = nanoc_mac(s0, v, w1);
    s1 = nanoc_mac(s1, v, w0);
    v = x[8];
    s0 = nanoc_mac(s0, v, w2);
    s1 = nanoc_mac(s1, v, w1);
    s2 = nanoc_mac(s2, v, w0);
    v = x[12];
    s1 = nanoc_mac(s1, v, w2);
    s2 = nanoc_mac(s2, v, w1);
    s3 = nanoc_mac(s3, v, w0);
    v = x[16];
    s2 = nanoc_mac(s2, v, w2);
    s3 = nanoc_mac(s3, v, w1);
    v = x[20];
    s3 = nanoc_mac(s3, v, w2);
    row = row_below(r, row, p->dilation_h);
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

/* One output row of up to four channels; `row` is the place of the window's top row in the ring. */
static void output_row(const nanoc_conv_s8_params *p, const ring *r, int32_t row, int32_t channel, int32_t lanes, int8_t *y) {
  const int8_t *weights = p->weights + p->kernel_h * p->kernel_w * channel;
  const nanoc_output *output = &p->output;
  const int32_t zero = output->y_zero;
  const int32_t low = output->low;
  const int32_t high = output->high;
  const int32_t step = p->in_c;
  int32_t sums[4];
  int32_t ox = 0;
  int32_t zeros[4] = {0, 0, 0, 0};
  if (p->weight_zeros != NULL) {
    for (int32_t c = 0; c < lanes; c++) {
      zeros[c] = p->weight_zeros[channel + c];
    }
  } else if (p->kernel_w == 3 && p->stride_w == 1 && p->dilation_w == 1) {
    for (; ox + 4 <= p->out_w; ox += 4, y += 4 * step) {
      for (int32_t c = 0; c < lanes; c++) {
        const float scale = output->scale[(channel + c) * output->scale_step];
        sums[0] = p->bias[channel + c];
        four_pixels(p, r, row, 4 * ox + c, weights + c, sums);
        y[c] = (int8_t)nanoc_requantize(sums[0], scale, zero, low, high);
        y[c + step] = (int8_t)nanoc_requantize(sums[1], scale, zero, low, high);
        y[c + 2 * step] = (int8_t)nanoc_requantize(sums[2], scale, zero, low, high);
        y[c + 3 * step] = (int8_t)nanoc_requantize(sums[3], scale, zero, low, high);
      }
    }
  }
  for (; ox < p->out_w; ox++, y += step) {
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = c < lanes ? p->bias[channel + c] : 0;
    }
    if (p->weight_zeros == NULL) {
      pixel(p, r, row, ox * p->stride_w, weights, sums);
    } else {
      pixel_with_zeros(p, r, row, ox * p->stride_w, weights, zeros, sums);
    }
    for (int32_t c = 0; c < lanes; c++) {
      y[c] = (int8_t)nanoc_requantize(sums[c], output->scale[(channel + c) * output->scale_step], zero, low, high);
    }
  }
}

void nanoc_depthwise_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_conv_s8_params *params) {
  const nanoc_conv_s8_params *p = params;
  const ring r = {
      scratch,
      (p->kernel_h - 1) * p->dilation_h + 1,
      (p->out_w - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1,
  };
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t channel = 0; channel < p->in_c; channel += 4) {
      const int32_t lanes = p->in_c - channel < 4 ? p->in_c - channel : 4;
      int32_t next = -p->pad_top;
      for (int32_t oy = 0; oy < p->out_h; oy++) {
        const int32_t top = oy * p->stride_h - p->pad_top;
        for (next = next < top ? top : next; next < top + r.height; next++) {
          load_row(p, &r, x + channel, next, lanes);
        }
        output_row(p, &r, (top + p->pad_top) % r.height, channel, lanes, y + oy * p->out_w * p->in_c + channel);
      }
    }
    x += p->in_h * p->in_w * p->in_c;
    y += p->out_h * p->out_w * p->in_c;
  }
}
