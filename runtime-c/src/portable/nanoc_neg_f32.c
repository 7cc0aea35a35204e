#include "nanoc/activation.h"

void nanoc_neg_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = -x[i];
  }
}
