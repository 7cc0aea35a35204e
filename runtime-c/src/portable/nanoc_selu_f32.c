#include "nanoc/activation.h"
#include "nanoc/math.h"

void nanoc_selu_f32(const float *x, float *y, int32_t count, float alpha, float gamma) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = gamma * (x[i] < 0.0f ? alpha * (nanoc_exp(x[i]) - 1.0f) : x[i]);
  }
}
