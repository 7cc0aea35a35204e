#include "nanoc/elementwise.h"

static void add_dense(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params) {
  const int32_t count = params->shape.count;
  const float low = params->low;
  const float high = params->high;
  for (int32_t i = 0; i < count; i++) {
    y[i] = nanoc_clamp_f32(a[i] + b[i], low, high);
  }
}

void nanoc_add_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    const float *left = a + row.a;
    const float *right = b + row.b;
    if (shape->a_step == 1 && shape->b_step == 1) { /* nothing repeats within a row */
      add_dense(left, right, y, params);
      y += shape->count;
      nanoc_next_row(shape, &row);
      continue;
    }
    for (int32_t i = 0; i < shape->count; i++) {
      *y++ = nanoc_clamp_f32(*left + *right, params->low, params->high);
      left += shape->a_step;
      right += shape->b_step;
    }
    nanoc_next_row(shape, &row);
  }
}
