/* Key-value caches whose rows are kept in fewer bits (--kv-cache), and attention over them. */
#ifndef NANOC_CACHE_ROWS_H
#define NANOC_CACHE_ROWS_H

#include "nanoc/cache.h"
#include "nanoc/math.h"

/*
 * Rows are whole words. F16: elements as float16. INT8: a float32 scale, max|x| / 127, and round_half_even(x * (127 / max|x|)) of each element.
 * INT4: a float32 scale, max|x| / 7, and fields of round_half_even(x * (7 / max|x|)) + 8, the first of a byte in its low bits.
 */
enum { NANOC_CACHE_F16 = 0, NANOC_CACHE_INT8 = 1, NANOC_CACHE_INT4 = 2, NANOC_CACHE_SCALE = 4 };

/** Bits of the nearest float16, ties to even; infinity from 65,520 on. */
static inline uint16_t nanoc_half_of(float x) {
  const uint32_t bits = nanoc_bits(x);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t size = bits & 0x7FFFFFFFu;
  uint32_t half;
  if (size > 0x7F800000u) {
    half = 0x7E00u;
  } else if (size >= 0x47800000u) {
    half = 0x7C00u;
  } else if (size < 0x38800000u) { /* next to 0.5 a step of float32 is the least step of float16 */
    half = nanoc_bits(nanoc_from_bits(size) + 0.5f) - 0x3F000000u;
  } else {
    half = (size - 0x38000000u + 0xFFFu + ((size >> 13) & 1u)) >> 13;
  }
  return (uint16_t)(sign | half);
}

/** The number that the bits of a float16 stand for. */
static inline float nanoc_half_number(uint32_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t size = half & 0x7FFFu;
  if (size >= 0x7C00u) {
    return nanoc_from_bits(sign | 0x7F800000u | (size << 13));
  }
  if (size < 0x400u) { /* below 2^-14: in steps of 2^-24 */
    return nanoc_with_sign((float)(int32_t)size * 5.9604644775390625e-8f, nanoc_from_bits(sign));
  }
  return nanoc_from_bits(sign | ((size << 13) + 0x38000000u));
}

/* Two float16 in a word, in the registers of the FPU where it converts them (every one of a Cortex-M), and the number of each. */
#if NANOC_FPU && defined(__GNUC__) && defined(__ARM_FP) && defined(__thumb2__)

typedef float nanoc_halves;

static inline float nanoc_halves_low(nanoc_halves both) {
  float number;
  __asm__("vcvtb.f32.f16 %0, %1" : "=t"(number) : "t"(both));
  return number;
}

static inline float nanoc_halves_high(nanoc_halves both) {
  float number;
  __asm__("vcvtt.f32.f16 %0, %1" : "=t"(number) : "t"(both));
  return number;
}

#else

typedef uint32_t nanoc_halves;

static inline float nanoc_halves_low(nanoc_halves both) { return nanoc_half_number(both & 0xFFFFu); }

static inline float nanoc_halves_high(nanoc_halves both) { return nanoc_half_number(both >> 16); }

#endif

/** The scale of a row that has one. */
static inline float nanoc_row_scale(const uint8_t *row) { return *(const float *)(const void *)row; }

/** Element i of a row, to be multiplied with its scale. */
static inline float nanoc_row_f16(const uint8_t *row, int32_t i) {
  return nanoc_half_number(((const uint16_t *)(const void *)row)[i]);
}

static inline float nanoc_row_int8(const uint8_t *row, int32_t i) {
  return (float)((const int8_t *)row)[NANOC_CACHE_SCALE + i];
}

static inline float nanoc_row_int4(const uint8_t *row, int32_t i) {
  return (float)((((int32_t)row[NANOC_CACHE_SCALE + (i >> 1)] >> (4 * (i & 1))) & 15) - 8);
}

/** Rows of `elements` floats in the form; x and y on a word. No overlap. */
void nanoc_pack_cache_rows(const float *x, uint8_t *y, int32_t rows, int32_t elements, int32_t form);

typedef struct {
  int32_t context;
  int32_t heads;
  int32_t group;
  int32_t dim;
  int32_t position_bytes;
  int32_t form;
  int32_t row_bytes;
  int32_t head_rows;     /* rows from a head to the next: 0 where all heads of a position share a row */
  int32_t head_elements; /* elements from a head to the next where they do, else 0 */
  float multiplier;      /* of a score; one of the two is 1 */
  float divisor;
} nanoc_cached_attention_rows_params;

/**
 * nanoc_cached_attention_f32 over caches of packed rows, which lie on words: a key's sum of products is multiplied with its scale, and a weight with that of the
 * value. Scratch: `context` floats. y may lie over q.
 */
void nanoc_cached_attention_rows(const float *q, const uint8_t *keys, const uint8_t *values, const void *position, float *y,
                                 float *scratch, const nanoc_cached_attention_rows_params *params);

#endif
