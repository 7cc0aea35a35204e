#include "nanoc/recurrent.h"

void nanoc_rows4_f32(const float *weights, const float *x, int32_t count, int32_t blocks, float *sums) {
  for (int32_t block = 0; block < blocks; block++) {
    float sum0 = sums[0];
    float sum1 = sums[1];
    float sum2 = sums[2];
    float sum3 = sums[3];
    for (int32_t i = 0; i < count; i++) {
      const float value = x[i];
      sum0 = sum0 + weights[0] * value;
      sum1 = sum1 + weights[1] * value;
      sum2 = sum2 + weights[2] * value;
      sum3 = sum3 + weights[3] * value;
      weights += 4;
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
    sums += 4;
  }
}
