#include "nanoc/logic.h"

static int32_t relation_of_floats(float a, float b) {
  if (a < b) {
    return NANOC_LESS;
  }
  if (a > b) {
    return NANOC_GREATER;
  }
  return a == b ? NANOC_EQUAL : 0;
}

static int32_t relation_of_integers(int64_t a, int64_t b) {
  if (a < b) {
    return NANOC_LESS;
  }
  return a > b ? NANOC_GREATER : NANOC_EQUAL;
}

void nanoc_compare(const void *a, const void *b, uint8_t *y, const nanoc_compare_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  const int32_t type = params->type;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    for (int32_t i = 0; i < shape->count; i++) {
      const int32_t left = row.a + i * shape->a_step;
      const int32_t right = row.b + i * shape->b_step;
      const int32_t relation =
          type == NANOC_FLOAT32
              ? relation_of_floats(((const float *)a)[left], ((const float *)b)[right])
              : relation_of_integers(nanoc_load_integer(a, left, type), nanoc_load_integer(b, right, type));
      *y++ = (relation & params->holds) != 0 ? 1u : 0u;
    }
    nanoc_next_row(shape, &row);
  }
}
