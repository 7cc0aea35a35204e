#include "nanoc/rotary.h"

void nanoc_rotary_halves_s8(const int8_t *x, const float *cosines, const float *sines, int8_t *y,
                            const nanoc_rotary_halves_s8_params *params) {
  /* Copies: a byte that is written could be one of the parameters, for all that the compiler knows. */
  const nanoc_rotary_halves_s8_params p = *params;
  for (int32_t row = 0; row < p.rows; row++) {
    for (int32_t i = 0; i < p.pairs; i++) {
      const float a = (float)(x[i] - p.x_zero) * p.x_scale;
      const float b = (float)(x[i + p.pairs] - p.x_zero) * p.x_scale;
      const float first = a * cosines[i] - b * sines[i];
      const float second = a * sines[i + p.angle] + b * cosines[i + p.angle];
      y[i] = (int8_t)nanoc_round_s8(first / p.y_scale, p.y_zero);
      y[i + p.pairs] = (int8_t)nanoc_round_s8(second / p.y_scale, p.y_zero);
    }
    x += 2 * p.pairs;
    y += 2 * p.pairs;
  }
}
