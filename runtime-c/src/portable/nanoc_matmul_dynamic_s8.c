#include "nanoc/matmul.h"

void nanoc_matmul_dynamic_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_matmul_dynamic_s8_params *params) {
  const int32_t columns = params->columns;
  for (int32_t batch = 0; batch < params->batches; batch++) {
    for (int32_t row = 0; row < params->rows; row++) {
      const int8_t *left = a + row * params->inner;
      for (int32_t column = 0; column < columns; column++) {
        int32_t sum = params->bias == NULL ? 0 : params->bias[column];
        const int8_t *right = b + column;
        for (int32_t k = 0; k < params->inner; k++) {
          sum = nanoc_mac(sum, left[k] - params->a_zero, *right - params->b_zero);
          right += columns;
        }
        *y++ = nanoc_output_s8(&params->output, sum, column);
      }
    }
    a += params->a_step;
    b += params->b_step;
  }
}
