/* Four elements at a time, for elementwise kernels. */
#ifndef NANOC_FOURS_H
#define NANOC_FOURS_H

#include <string.h>

#include "nanoc/types.h"

/**
 * Four bytes in ascending order: a word where one is loaded as quickly as a byte, wherever it lies; else they stay where they are.
 * NANOC_FOURS: 1 where there are registers enough for four elements at a time.
 */
#if defined(__arm__) && !defined(__ARM_FEATURE_UNALIGNED)
#define NANOC_FOURS 0
#else
#define NANOC_FOURS 1
#endif

/** 1 where ACLE's instructions on four bytes in a word are there (Arm's DSP extension). */
#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#define NANOC_SIMD_FOURS 1
#else
#define NANOC_SIMD_FOURS 0
#endif

#if !defined(__ARM_FEATURE_UNALIGNED) && !defined(__x86_64__)
typedef const int8_t *nanoc_four;

static inline nanoc_four nanoc_load4(const int8_t *x) { return x; }

/** Byte i, sign extended. */
static inline int32_t nanoc_byte(nanoc_four x, int32_t i) { return x[i]; }
#else
typedef uint32_t nanoc_four;

static inline nanoc_four nanoc_load4(const int8_t *x) {
  uint32_t word;
  (void)memcpy(&word, x, 4);
  return word;
}

/** Byte i, sign extended. */
static inline int32_t nanoc_byte(nanoc_four word, int32_t i) { return (int8_t)(uint8_t)(word >> (8 * i)); }
#endif

#endif
