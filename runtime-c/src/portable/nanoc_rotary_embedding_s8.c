#include "nanoc/rotary.h"

void nanoc_rotary_embedding_s8(const int8_t *x, const float *cosines, const float *sines, int8_t *y,
                               const nanoc_rotary_embedding_s8_params *params) {
  /* Copies: a byte that is written could be one of the parameters, for all that the compiler knows. */
  const nanoc_rotary_embedding_s8_params p = *params;
  for (int32_t row = 0; row < p.rows; row++) {
    for (int32_t i = 0; i < p.pairs; i++) {
      const float cosine = cosines[i];
      const float sine = sines[i];
      const float a = (float)(x[0] - p.x_zero) * p.x_scale;
      const float b = (float)(x[1] - p.x_zero) * p.x_scale;
      y[0] = (int8_t)nanoc_round_s8((a * cosine - b * sine) / p.y_scale, p.y_zero);
      y[1] = (int8_t)nanoc_round_s8((a * sine + b * cosine) / p.y_scale, p.y_zero);
      x += 2;
      y += 2;
    }
  }
}
