#include "nanoc/integer_product.h"

void nanoc_integer_product(const void *a, const void *zero, int32_t *y, const nanoc_integer_product_params *params) {
  const int32_t own = nanoc_byte_zero(zero, params->is_signed);
  for (int32_t row = 0; row < params->rows; row++) {
    const int8_t *w = params->weights;
    for (int32_t c = 0; c < params->columns; c++) {
      const int32_t middle = params->zeros == NULL ? 0 : params->zeros[c];
      int32_t sum = 0;
      for (int32_t k = 0; k < params->inner; k++) {
        sum = nanoc_mac(sum, nanoc_byte_at(a, row * params->inner + k, params->is_signed) - own, w[k] - middle);
      }
      *y++ = sum;
      w += params->stride;
    }
  }
}
