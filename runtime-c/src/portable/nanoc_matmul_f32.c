#include "nanoc/matmul.h"

/** Four columns of a row: each b of a row of `columns`. */
static void nanoc_matmul_f32_four(const float *a, const float *b, int32_t inner, int32_t columns, float *sums) {
  float sum0 = sums[0];
  float sum1 = sums[1];
  float sum2 = sums[2];
  float sum3 = sums[3];
  for (int32_t k = 0; k < inner; k++) {
    const float value = a[k];
    sum0 = sum0 + value * b[0];
    sum1 = sum1 + value * b[1];
    sum2 = sum2 + value * b[2];
    sum3 = sum3 + value * b[3];
    b += columns;
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

static float nanoc_matmul_f32_one(const float *a, const float *b, int32_t inner, int32_t columns, float sum) {
  for (int32_t k = 0; k < inner; k++) {
    sum = sum + a[k] * *b;
    b += columns;
  }
  return sum;
}

static void nanoc_matmul_f32_row(const float *a, const float *b, float *y, const nanoc_matmul_f32_params *params) {
  const int32_t columns = params->columns;
  for (int32_t column = 0; column < columns; column += 4) {
    const int32_t rest = columns - column;
    const int32_t count = rest < 4 ? rest : 4;
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t i = 0; params->bias != NULL && i < count; i++) {
      sums[i] = params->bias[column + i];
    }
    if (rest >= 4) {
      nanoc_matmul_f32_four(a, b + column, params->inner, columns, sums);
    } else {
      for (int32_t i = 0; i < count; i++) {
        sums[i] = nanoc_matmul_f32_one(a, b + column + i, params->inner, columns, sums[i]);
      }
    }
    for (int32_t i = 0; i < count; i++) {
      const float above = sums[i] < params->low ? params->low : sums[i];
      *y++ = above > params->high ? params->high : above;
    }
  }
}

void nanoc_matmul_f32(const float *a, const float *b, float *y, const nanoc_matmul_f32_params *params) {
  for (int32_t batch = 0; batch < params->batches; batch++) {
    for (int32_t row = 0; row < params->rows; row++) {
      nanoc_matmul_f32_row(a + row * params->inner, b, y, params);
      y += params->columns;
    }
    a += params->a_step;
    b += params->b_step;
  }
}
