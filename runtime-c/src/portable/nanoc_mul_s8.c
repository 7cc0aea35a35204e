#include "nanoc/elementwise.h"

static inline void mul_row(const int8_t *a, const int8_t *b, int8_t *y, int32_t a_step, int32_t b_step, const nanoc_mul_s8_params *params) {
  const int32_t a_zero = params->a_zero;
  const int32_t b_zero = params->b_zero;
  const int32_t high_factor = params->high_factor;
  const int32_t low_factor = params->low_factor;
  const int32_t offset = params->offset;
  const int32_t shift = params->shift;
  const int32_t low = params->low;
  const int32_t high = params->high;
  const int8_t *const end = y + params->shape.count;
  while (y != end) {
    const int32_t product = (*a - a_zero) * (*b - b_zero);
    const int32_t fixed = nanoc_scale_product(product, high_factor, low_factor) + offset;
    *y++ = (int8_t)nanoc_clamp(fixed >> shift, low, high);
    a += a_step;
    b += b_step;
  }
}

void nanoc_mul_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mul_s8_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    if (shape->a_step == 1 && shape->b_step == 1) {
      mul_row(a + row.a, b + row.b, y, 1, 1, params);
    } else {
      mul_row(a + row.a, b + row.b, y, shape->a_step, shape->b_step, params);
    }
    y += shape->count;
    nanoc_next_row(shape, &row);
  }
}
