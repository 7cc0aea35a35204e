#include "nanoc/elementwise.h"

static NANOC_NOINLINE int32_t mul_exact(int32_t a, int32_t b, const nanoc_mul_near_s8_params *params) {
  const nanoc_mul_s8_params *fixed = &params->fixed;
  const float left = (float)a * params->a_scale;
  const float right = (float)b * params->b_scale;
  return nanoc_round_clamp((left * right) / params->y_scale, fixed->y_zero, fixed->low, fixed->high);
}

static inline int32_t mul_near(int32_t a, int32_t b, const nanoc_mul_near_s8_params *params) {
  const nanoc_mul_s8_params *fixed = &params->fixed;
  const int32_t left = a - fixed->a_zero;
  const int32_t right = b - fixed->b_zero;
  const int32_t scaled = nanoc_scale_product(left * right, fixed->high_factor, fixed->low_factor) + fixed->offset;
  if (nanoc_is_near_tie(scaled, params->near, fixed->shift)) {
    return mul_exact(left, right, params);
  }
  return nanoc_clamp(scaled >> fixed->shift, fixed->low, fixed->high);
}

void nanoc_mul_near_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mul_near_s8_params *params) {
  const nanoc_broadcast *shape = &params->fixed.shape;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    const int8_t *left = a + row.a;
    const int8_t *right = b + row.b;
    for (int32_t i = 0; i < shape->count; i++) {
      *y++ = (int8_t)mul_near(*left, *right, params);
      left += shape->a_step;
      right += shape->b_step;
    }
    nanoc_next_row(shape, &row);
  }
}
