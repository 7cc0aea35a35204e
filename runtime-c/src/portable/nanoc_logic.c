#include "nanoc/logic.h"

void nanoc_logic(const uint8_t *a, const uint8_t *b, uint8_t *y, const nanoc_logic_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  const uint32_t table = (uint32_t)params->table;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    const uint8_t *left = a + row.a;
    const uint8_t *right = b + row.b;
    for (int32_t i = 0; i < shape->count; i++) {
      const uint32_t bit = 2u * (*left != 0u) + (*right != 0u);
      *y++ = (uint8_t)((table >> bit) & 1u);
      left += shape->a_step;
      right += shape->b_step;
    }
    nanoc_next_row(shape, &row);
  }
}
