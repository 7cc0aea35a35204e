#include "nanoc/reduce.h"

static float combine(float result, float x, int32_t kind) {
  switch (kind) {
    case NANOC_REDUCE_MAX:
      return x > result ? x : result;
    case NANOC_REDUCE_MIN:
      return x < result ? x : result;
    default:
      return result + x;
  }
}

static float reduce_at(const nanoc_reduction *r, const float *x, int32_t kind) {
  const int32_t step = r->reduced_strides[3];
  /* A sum starts from nothing, an extreme from the first element. */
  float result = kind == NANOC_REDUCE_MAX || kind == NANOC_REDUCE_MIN ? *x : 0.0f;
  for (int32_t i0 = 0; i0 < r->reduced[0]; i0++) {
    for (int32_t i1 = 0; i1 < r->reduced[1]; i1++) {
      for (int32_t i2 = 0; i2 < r->reduced[2]; i2++) {
        const float *at = x + i0 * r->reduced_strides[0] + i1 * r->reduced_strides[1] + i2 * r->reduced_strides[2];
        for (int32_t i3 = 0; i3 < r->reduced[3]; i3++) {
          result = combine(result, *at, kind);
          at += step;
        }
      }
    }
  }
  return result;
}

void nanoc_reduce_f32(const float *x, float *y, const nanoc_reduce_f32_params *params) {
  const nanoc_reduction *r = &params->reduction;
  for (int32_t i0 = 0; i0 < r->kept[0]; i0++) {
    for (int32_t i1 = 0; i1 < r->kept[1]; i1++) {
      for (int32_t i2 = 0; i2 < r->kept[2]; i2++) {
        const float *at = x + i0 * r->kept_strides[0] + i1 * r->kept_strides[1] + i2 * r->kept_strides[2];
        for (int32_t i3 = 0; i3 < r->kept[3]; i3++) {
          const float result = reduce_at(r, at, params->kind);
          *y++ = params->kind == NANOC_REDUCE_MEAN ? result / (float)params->count : result;
          at += r->kept_strides[3];
        }
      }
    }
  }
}
