#include "nanoc/integer_product.h"

void nanoc_dynamic_quantize(const float *x, uint8_t *y, float *scale, uint8_t *zero, int32_t count) {
  float least = 0.0f;
  float most = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    least = x[i] < least ? x[i] : least;
    most = x[i] > most ? x[i] : most;
  }
  const float step = least == most ? 1.0f : (most - least) / 255.0f;
  const int32_t middle = nanoc_round_clamp((0.0f - least) / step, 0, 0, 255);
  *scale = step;
  *zero = (uint8_t)middle;
  for (int32_t i = 0; i < count; i++) {
    y[i] = (uint8_t)nanoc_round_clamp(x[i] / step, middle, 0, 255);
  }
}
