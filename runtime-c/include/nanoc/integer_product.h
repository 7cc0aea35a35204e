/* Products of integers whose zero points and scales are known at run time (quantize_dynamic of ONNX Runtime). */
#ifndef NANOC_INTEGER_PRODUCT_H
#define NANOC_INTEGER_PRODUCT_H

#include <string.h>

#include "nanoc/requantize.h"

/**
 * y = saturate(round_half_even(x / scale) + zero) with the scale (max(x, 0) - min(x, 0)) / 255, 1 where all is 0, and the zero point
 * round_half_even(-min(x, 0) / scale). y, scale and zero may not overlap x.
 */
void nanoc_dynamic_quantize(const float *x, uint8_t *y, float *scale, uint8_t *zero, int32_t count);

typedef struct {
  int32_t rows;
  int32_t inner;
  int32_t columns;
  int32_t stride;         /* inner, rounded up to a multiple of four */
  int32_t is_signed;      /* a and its zero point are int8, else uint8 */
  const int8_t *weights;  /* [columns][stride], on words; zeros behind inner */
  const int32_t *zeros;   /* zero point of each column, or NULL */
  const float *scales;    /* of each column; for floats */
  const float *bias;      /* of each column, or NULL */
} nanoc_integer_product_params;

/** y[rows][columns] = sum of (a - zero) * (weight - zero of the column), modulo 2^32. zero: NULL is 0. */
void nanoc_integer_product(const void *a, const void *zero, int32_t *y, const nanoc_integer_product_params *params);

/** The same times scale * scale of the column, and the bias. Scratch: 2 * stride bytes on a word. */
void nanoc_integer_product_f32(const void *a, const float *scale, const void *zero, float *y, int16_t *scratch,
                               const nanoc_integer_product_params *params);

/** The same with the DSP extension; weights in groups of four columns, the last one filled up: [groups][stride / 4][4 columns][4]. */
void nanoc_integer_product_dsp(const void *a, const float *scale, const void *zero, float *y, int16_t *scratch,
                               const nanoc_integer_product_params *params);

/** Element i of int8 or uint8. */
static inline int32_t nanoc_byte_at(const void *bytes, int32_t i, int32_t is_signed) {
  return is_signed != 0 ? ((const int8_t *)bytes)[i] : ((const uint8_t *)bytes)[i];
}

/** Zero point of a; NULL is 0. */
static inline int32_t nanoc_byte_zero(const void *zero, int32_t is_signed) {
  return zero == NULL ? 0 : nanoc_byte_at(zero, 0, is_signed);
}

/** A sum of column c as a float; `total`: sum of the row less its zero point. */
static inline float nanoc_product_output(int32_t sum, int32_t total, float scale, int32_t c, const nanoc_integer_product_params *params) {
  const int32_t own = params->zeros == NULL ? sum : (int32_t)((uint32_t)sum - (uint32_t)params->zeros[c] * (uint32_t)total);
  const float y = (float)own * (scale * params->scales[c]);
  return params->bias == NULL ? y : y + params->bias[c];
}

#endif
