#include "nanoc/reduce.h"

static int32_t index_of_largest(const int8_t *at, const nanoc_arg_max_params *p) {
  int32_t best_index = 0;
  int32_t best = 0;
  for (int32_t i = 0; i < p->size; i++) {
    const int32_t value = at[i * p->inner] ^ p->flip;
    if (i == 0 || value > best || (p->last != 0 && value >= best)) {
      best = value;
      best_index = i;
    }
  }
  return best_index;
}

void nanoc_arg_max_s8(const int8_t *x, int64_t *y, const nanoc_arg_max_params *params) {
  const nanoc_arg_max_params *p = params;
  for (int32_t row = 0; row < p->outer; row++) {
    for (int32_t column = 0; column < p->inner; column++) {
      *y++ = index_of_largest(x + column, p);
    }
    x += p->size * p->inner;
  }
}
