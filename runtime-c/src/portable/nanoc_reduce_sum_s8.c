#include "nanoc/reduce.h"

static int32_t sum_at(const nanoc_reduction *r, const int8_t *x) {
  const int32_t step = r->reduced_strides[3];
  int32_t sum = 0;
  for (int32_t i0 = 0; i0 < r->reduced[0]; i0++) {
    for (int32_t i1 = 0; i1 < r->reduced[1]; i1++) {
      for (int32_t i2 = 0; i2 < r->reduced[2]; i2++) {
        const int8_t *at = x + i0 * r->reduced_strides[0] + i1 * r->reduced_strides[1] + i2 * r->reduced_strides[2];
        for (int32_t i3 = 0; i3 < r->reduced[3]; i3++) {
          sum += *at;
          at += step;
        }
      }
    }
  }
  return sum;
}

void nanoc_reduce_sum_s8(const int8_t *x, int8_t *y, const nanoc_reduce_sum_s8_params *params) {
  const nanoc_reduce_sum_s8_params *p = params;
  const nanoc_reduction *r = &p->reduction;
  for (int32_t i0 = 0; i0 < r->kept[0]; i0++) {
    for (int32_t i1 = 0; i1 < r->kept[1]; i1++) {
      for (int32_t i2 = 0; i2 < r->kept[2]; i2++) {
        const int8_t *at = x + i0 * r->kept_strides[0] + i1 * r->kept_strides[1] + i2 * r->kept_strides[2];
        for (int32_t i3 = 0; i3 < r->kept[3]; i3++) {
          const int32_t sum = sum_at(r, at) - p->x_zero_sum;
          *y++ = (int8_t)nanoc_requantize(sum, p->scale, p->y_zero, p->low, p->high);
          at += r->kept_strides[3];
        }
      }
    }
  }
}
