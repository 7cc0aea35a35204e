#include "nanoc/table.h"

void nanoc_clamp_s16(const int16_t *x, int16_t *y, int32_t count, int32_t low, int32_t high) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t value = x[i];
    y[i] = (int16_t)(value < low ? low : value > high ? high : value);
  }
}
