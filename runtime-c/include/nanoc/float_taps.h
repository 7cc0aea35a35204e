/* Which taps of a window lie in the image, and sums of four channels at once: for convolutions in float32. */
#ifndef NANOC_FLOAT_TAPS_H
#define NANOC_FLOAT_TAPS_H

#include "nanoc/conv.h"

/** Taps `from` to `to` - 1 of a window that starts at `start` lie in `size` rows or columns. */
typedef struct {
  int32_t from;
  int32_t to;
} nanoc_float_taps;

static inline nanoc_float_taps nanoc_taps_within(int32_t start, int32_t dilation, int32_t kernel, int32_t size) {
  nanoc_float_taps taps = {0, kernel};
  while (taps.from < kernel && start + taps.from * dilation < 0) {
    taps.from++;
  }
  while (taps.to > taps.from && start + (taps.to - 1) * dilation >= size) {
    taps.to--;
  }
  return taps;
}

static inline float nanoc_clamp_float(float value, const nanoc_conv_f32_params *params) {
  const float above = value < params->low ? params->low : value;
  return above > params->high ? params->high : above;
}

#endif
