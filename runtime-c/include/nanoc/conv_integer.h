/* Convolutions of integers whose zero points and scales are known at run time (quantize_dynamic of ONNX Runtime), over [batch][height][width][channels]. */
#ifndef NANOC_CONV_INTEGER_H
#define NANOC_CONV_INTEGER_H

#include "nanoc/integer_product.h"

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t in_c;
  int32_t out_h;
  int32_t out_w;
  int32_t out_c;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t dilation_h;
  int32_t dilation_w;
  int32_t pad_top;
  int32_t pad_left;
  int32_t groups;
  int32_t group_weights;                /* bytes of the weights of a group */
  nanoc_integer_product_params product; /* of one window [kernel_h][kernel_w][in_c / groups], with the columns of one group; numbers of all columns */
} nanoc_conv_integer_params;

/**
 * y = sum of (x - zero) * (weight - zero of the channel), modulo 2^32, taps in the padding left out. zero: NULL is 0. Scratch: one window of
 * product.stride bytes.
 */
void nanoc_conv_integer(const void *x, const void *zero, int32_t *y, void *scratch, const nanoc_conv_integer_params *params);

/** The same times scale * scale of the channel, and the bias. Scratch: 3 * product.stride bytes on a word. */
void nanoc_conv_integer_f32(const void *x, const float *scale, const void *zero, float *y, void *scratch,
                            const nanoc_conv_integer_params *params);

/** The same with the DSP extension; weights of each group as nanoc_integer_product_dsp has them. */
void nanoc_conv_integer_dsp(const void *x, const float *scale, const void *zero, float *y, void *scratch,
                            const nanoc_conv_integer_params *params);

/** As nanoc_conv_integer_f32 with one filter for each channel (groups == in_c == out_c). Weights: [kernel_h][kernel_w][channels]. Scratch: 4 * in_c bytes on a word. */
void nanoc_depthwise_integer_f32(const void *x, const float *scale, const void *zero, float *y, int32_t *scratch,
                                 const nanoc_conv_integer_params *params);

/** The window of output pixel (oy, ox) for one group; x is its first channel in the image. Taps in the padding have the zero point `own`. */
static inline void nanoc_conv_integer_window(const nanoc_conv_integer_params *p, const uint8_t *x, int32_t oy, int32_t ox, int32_t own, uint8_t *to) {
  const size_t depth = (size_t)(p->in_c / p->groups);
  const int32_t left = ox * p->stride_w - p->pad_left;
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int32_t row = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
    for (int32_t kx = 0; kx < p->kernel_w; kx++) {
      const int32_t column = left + kx * p->dilation_w;
      if (row < 0 || row >= p->in_h || column < 0 || column >= p->in_w) {
        (void)memset(to, own, depth);
      } else {
        (void)memcpy(to, x + (row * p->in_w + column) * p->in_c, depth);
      }
      to += depth;
    }
  }
}

/** The product of a window and group `group`. */
static inline nanoc_integer_product_params nanoc_conv_integer_group(const nanoc_conv_integer_params *p, int32_t group) {
  nanoc_integer_product_params product = p->product;
  const int32_t first = group * product.columns;
  product.weights += group * p->group_weights;
  product.zeros = product.zeros == NULL ? NULL : product.zeros + first;
  product.scales = product.scales == NULL ? NULL : product.scales + first;
  product.bias = product.bias == NULL ? NULL : product.bias + first;
  return product;
}

#endif
