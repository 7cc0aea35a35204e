#include "nanoc/activation.h"

void nanoc_thresholded_relu_f32(const float *x, float *y, int32_t count, float alpha) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] > alpha ? x[i] : 0.0f;
  }
}
