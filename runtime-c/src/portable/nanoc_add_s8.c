#include "nanoc/elementwise.h"

static inline void add_row(const int8_t *a, const int8_t *b, int8_t *y, int32_t a_step, int32_t b_step, const nanoc_add_s8_params *params) {
  const int32_t a_factor = params->a_factor;
  const int32_t b_factor = params->b_factor;
  const int32_t offset = params->offset;
  const int32_t shift = params->shift;
  const int32_t low = params->low;
  const int32_t high = params->high;
  const int8_t *const end = y + params->shape.count;
  while (y != end) {
    const int32_t sum = offset + *a * a_factor + *b * b_factor;
    *y++ = (int8_t)nanoc_clamp(sum >> shift, low, high);
    a += a_step;
    b += b_step;
  }
}

void nanoc_add_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_s8_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    if (shape->a_step == 1 && shape->b_step == 1) {
      add_row(a + row.a, b + row.b, y, 1, 1, params);
    } else {
      add_row(a + row.a, b + row.b, y, shape->a_step, shape->b_step, params);
    }
    y += shape->count;
    nanoc_next_row(shape, &row);
  }
}
