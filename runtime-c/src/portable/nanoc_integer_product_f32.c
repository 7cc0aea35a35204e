#include "nanoc/integer_product.h"

void nanoc_integer_product_f32(const void *a, const float *scale, const void *zero, float *y, int16_t *scratch,
                               const nanoc_integer_product_params *params) {
  const int32_t own = nanoc_byte_zero(zero, params->is_signed);
  const int32_t inner = params->inner;
  const float step = *scale;
  for (int32_t row = 0; row < params->rows; row++) {
    int32_t total = 0;
    for (int32_t k = 0; k < inner; k++) {
      scratch[k] = (int16_t)(nanoc_byte_at(a, row * inner + k, params->is_signed) - own);
      total += scratch[k];
    }
    const int8_t *w = params->weights;
    for (int32_t c = 0; c < params->columns; c++) {
      int32_t sum = 0;
      for (int32_t k = 0; k < inner; k++) {
        sum = nanoc_mac(sum, scratch[k], w[k]);
      }
      *y++ = nanoc_product_output(sum, total, step, c, params);
      w += params->stride;
    }
  }
}
