#include "nanoc/activation.h"

void nanoc_clip_f32(const float *x, float *y, int32_t count, float low, float high) {
  for (int32_t i = 0; i < count; i++) {
    const float bounded = x[i] < low ? low : x[i];
    y[i] = bounded > high ? high : bounded;
  }
}
