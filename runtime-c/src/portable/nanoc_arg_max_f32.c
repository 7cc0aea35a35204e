#include "nanoc/reduce.h"

static int32_t index_of_largest(const float *at, const nanoc_arg_max_params *p) {
  int32_t best_index = 0;
  float best = 0;
  for (int32_t i = 0; i < p->size; i++) {
    const float value = p->flip != 0 ? -at[i * p->inner] : at[i * p->inner];
    if (i == 0 || value > best || (p->last != 0 && value >= best)) {
      best = value;
      best_index = i;
    }
  }
  return best_index;
}

void nanoc_arg_max_f32(const float *x, int64_t *y, const nanoc_arg_max_params *params) {
  const nanoc_arg_max_params *p = params;
  for (int32_t row = 0; row < p->outer; row++) {
    for (int32_t column = 0; column < p->inner; column++) {
      *y++ = index_of_largest(x + column, p);
    }
    x += p->size * p->inner;
  }
}
