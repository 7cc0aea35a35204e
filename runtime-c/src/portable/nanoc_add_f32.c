#include "nanoc/elementwise.h"

void nanoc_add_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    const float *left = a + row.a;
    const float *right = b + row.b;
    for (int32_t i = 0; i < shape->count; i++) {
      *y++ = nanoc_clamp_f32(*left + *right, params->low, params->high);
      left += shape->a_step;
      right += shape->b_step;
    }
    nanoc_next_row(shape, &row);
  }
}
