/* Layers whose kernels for the DSP extension do not depend on the shape, and the plain C twin of each, which runs elsewhere. */
#ifndef NANOC_DSP_LAYERS_H
#define NANOC_DSP_LAYERS_H

#include "nanoc/dsp.h"
#include "nanoc/elementwise.h"

/** The product of two bytes less their zero points times a fraction of 2^32; the compiler has compared all 65,536 pairs of bytes. */
typedef struct {
  uint32_t minus_a_zeros; /* the negative zero point of a in both halfwords */
  uint32_t minus_b_zeros;
  int32_t factor;
  int32_t y_zero;
} nanoc_product_dsp;

typedef struct {
  nanoc_broadcast shape; /* a_step and b_step are 1 */
  nanoc_product_dsp product;
} nanoc_mul_dsp_s8_params;

/** y = saturate(((a - a_zero) * (b - b_zero) * factor + 2^31) / 2^32 + y_zero), rounded down. y may be a or b, or start before it. */
void nanoc_mul_dsp_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mul_dsp_s8_params *params);

/** 4 * fours elements of a row, above 0. */
void nanoc_mul_dsp_s8_row(const int8_t *a, const int8_t *b, int8_t *y, int32_t fours, const nanoc_product_dsp *product);

#endif
