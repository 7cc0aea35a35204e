#include "nanoc/reduce.h"

/* The smallest element is the largest one with all bits turned over (~x = -1 - x), turned back. */
static int32_t largest(const nanoc_reduction *r, const int8_t *x, int32_t flip) {
  const int32_t step = r->reduced_strides[3];
  int32_t best = INT8_MIN;
  for (int32_t i0 = 0; i0 < r->reduced[0]; i0++) {
    for (int32_t i1 = 0; i1 < r->reduced[1]; i1++) {
      for (int32_t i2 = 0; i2 < r->reduced[2]; i2++) {
        const int8_t *at = x + i0 * r->reduced_strides[0] + i1 * r->reduced_strides[1] + i2 * r->reduced_strides[2];
        for (int32_t i3 = 0; i3 < r->reduced[3]; i3++) {
          const int32_t value = *at ^ flip;
          best = value > best ? value : best;
          at += step;
        }
      }
    }
  }
  return best ^ flip;
}

void nanoc_reduce_extreme_s8(const int8_t *x, int8_t *y, const nanoc_reduce_extreme_s8_params *params) {
  const nanoc_reduction *r = &params->reduction;
  for (int32_t i0 = 0; i0 < r->kept[0]; i0++) {
    for (int32_t i1 = 0; i1 < r->kept[1]; i1++) {
      for (int32_t i2 = 0; i2 < r->kept[2]; i2++) {
        const int8_t *at = x + i0 * r->kept_strides[0] + i1 * r->kept_strides[1] + i2 * r->kept_strides[2];
        for (int32_t i3 = 0; i3 < r->kept[3]; i3++) {
          *y++ = (int8_t)largest(r, at, params->flip);
          at += r->kept_strides[3];
        }
      }
    }
  }
}
