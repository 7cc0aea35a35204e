#include "nanoc/rotary.h"

void nanoc_rotary_halves_f32(const float *x, const float *cosines, const float *sines, float *y,
                             const nanoc_rotary_halves_f32_params *params) {
  const int32_t pairs = params->pairs;
  const int32_t angle = params->angle;
  for (int32_t row = 0; row < params->rows; row++) {
    for (int32_t i = 0; i < pairs; i++) {
      const float a = x[i];
      const float b = x[i + pairs];
      y[i] = a * cosines[i] - b * sines[i];
      y[i + pairs] = a * sines[i + angle] + b * cosines[i + angle];
    }
    x += 2 * pairs;
    y += 2 * pairs;
  }
}
