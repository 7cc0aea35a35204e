#include "nanoc/elementwise.h"

void nanoc_mul_s16(const int16_t *a, const int16_t *b, int16_t *y, const nanoc_binary_s16_params *params) {
  const nanoc_binary_s16_params p = *params;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < p.shape.rows; r++) {
    const int16_t *left = a + row.a;
    const int16_t *right = b + row.b;
    for (int32_t i = 0; i < p.shape.count; i++) {
      const float first = (float)(*left - p.a_zero) * p.a_scale;
      const float second = (float)(*right - p.b_zero) * p.b_scale;
      *y++ = (int16_t)nanoc_round_clamp((first * second) / p.y_scale, p.y_zero, p.low, p.high);
      left += p.shape.a_step;
      right += p.shape.b_step;
    }
    nanoc_next_row(&p.shape, &row);
  }
}
