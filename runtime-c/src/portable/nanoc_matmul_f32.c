#include "nanoc/matmul.h"

void nanoc_matmul_f32(const float *a, const float *b, float *y, const nanoc_matmul_f32_params *params) {
  const int32_t columns = params->columns;
  for (int32_t batch = 0; batch < params->batches; batch++) {
    for (int32_t row = 0; row < params->rows; row++) {
      const float *left = a + row * params->inner;
      for (int32_t column = 0; column < columns; column++) {
        float sum = params->bias == NULL ? 0.0f : params->bias[column];
        const float *right = b + column;
        for (int32_t k = 0; k < params->inner; k++) {
          sum = sum + left[k] * *right;
          right += columns;
        }
        sum = sum < params->low ? params->low : sum;
        *y++ = sum > params->high ? params->high : sum;
      }
    }
    a += params->a_step;
    b += params->b_step;
  }
}
