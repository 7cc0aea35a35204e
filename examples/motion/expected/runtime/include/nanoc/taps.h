/* Sums of four neighbouring channels over several pixels, for averages. Included by the kernels that use it. */
#ifndef NANOC_TAPS_H
#define NANOC_TAPS_H

#include <string.h>

#include "nanoc/types.h"

#if defined(__ARM_FEATURE_DSP)

/** sums[c] += the sum of channel c over `count` taps, `step` bytes apart. Two sums in a word: 255 bytes stay within a halfword. */
static NANOC_NOINLINE void nanoc_add_taps(int32_t sums[4], const int8_t *tap, int32_t step, int32_t count) {
  while (count > 0) {
    const int32_t now = count < 255 ? count : 255;
    const int8_t *const end = tap + now * step;
    uint32_t even = 0;
    uint32_t odd = 0;
    while (tap != end) {
      uint32_t word;
      (void)memcpy(&word, tap, 4);
      tap += step;
      __asm__("sxtab16 %0, %0, %1" : "+r"(even) : "r"(word));
      __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(odd) : "r"(word));
    }
    sums[0] += (int16_t)(uint16_t)even;
    sums[1] += (int16_t)(uint16_t)odd;
    sums[2] += (int16_t)(uint16_t)(even >> 16);
    sums[3] += (int16_t)(uint16_t)(odd >> 16);
    count -= now;
  }
}

#else

static NANOC_NOINLINE void nanoc_add_taps(int32_t sums[4], const int8_t *tap, int32_t step, int32_t count) {
  int32_t s0 = sums[0];
  int32_t s1 = sums[1];
  int32_t s2 = sums[2];
  int32_t s3 = sums[3];
  for (; count > 0; count--, tap += step) {
    s0 += tap[0];
    s1 += tap[1];
    s2 += tap[2];
    s3 += tap[3];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

#endif

#endif
