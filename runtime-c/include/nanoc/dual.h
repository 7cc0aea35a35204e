/* Products of two halfwords at once, for C code: the DSP extension's instructions, and the same in C. */
#ifndef NANOC_DUAL_H
#define NANOC_DUAL_H

#include <string.h>

#include "nanoc/requantize.h"

/** Four bytes, on a word. */
static inline uint32_t nanoc_dual_load(const int8_t *x) {
  uint32_t word;
  (void)memcpy(&word, x, 4);
  return word;
}

#if defined(__GNUC__) && defined(__ARM_FEATURE_DSP)

/** Bytes 0 and 2, sign extended into halfwords. */
static inline uint32_t nanoc_dual_even(uint32_t x) {
  uint32_t y;
  __asm__("sxtb16 %0, %1" : "=r"(y) : "r"(x));
  return y;
}

/** Bytes 1 and 3. */
static inline uint32_t nanoc_dual_odd(uint32_t x) {
  uint32_t y;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(y) : "r"(x));
  return y;
}

/** sum + the products of both halfwords. */
static inline int32_t nanoc_dual_both(uint32_t a, uint32_t b, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}

/** sum + a, of 16 bits, times the lower halfword of b. */
static inline int32_t nanoc_dual_low(int32_t a, uint32_t b, int32_t sum) {
  __asm__("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}

static inline int32_t nanoc_dual_high(int32_t a, uint32_t b, int32_t sum) {
  __asm__("smlabt %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}

/** Both halfwords of a less those of b. */
static inline uint32_t nanoc_dual_less(uint32_t a, uint32_t b) {
  uint32_t y;
  __asm__("ssub16 %0, %1, %2" : "=r"(y) : "r"(a), "r"(b));
  return y;
}

/** (x >> shift) & mask; the shift is a constant, and costs nothing. */
#define nanoc_dual_field(x, shift, mask) nanoc_dual_field_##shift(x, mask)
#define NANOC_DUAL_FIELD(shift)                                                        \
  static inline uint32_t nanoc_dual_field_##shift(uint32_t x, uint32_t mask) {         \
    uint32_t y;                                                                        \
    __asm__("and %0, %2, %1, lsr #" #shift : "=r"(y) : "r"(x), "r"(mask));             \
    return y;                                                                          \
  }
NANOC_DUAL_FIELD(4)
NANOC_DUAL_FIELD(8)
NANOC_DUAL_FIELD(12)

#else

#define nanoc_dual_field(x, shift, mask) (((x) >> (shift)) & (mask))

static inline uint32_t nanoc_dual_even(uint32_t x) {
  const uint32_t low = (uint32_t)(int32_t)(int8_t)(uint8_t)x;
  const uint32_t high = (uint32_t)(int32_t)(int8_t)(uint8_t)(x >> 16);
  return (low & 0xFFFFu) | (high << 16);
}

static inline uint32_t nanoc_dual_odd(uint32_t x) { return nanoc_dual_even(x >> 8); }

static inline uint32_t nanoc_dual_less(uint32_t a, uint32_t b) {
  const uint32_t low = a - b;
  const uint32_t high = (a >> 16) - (b >> 16);
  return (low & 0xFFFFu) | (high << 16);
}

static inline int32_t nanoc_dual_low(int32_t a, uint32_t b, int32_t sum) {
  return nanoc_add_wrap(sum, a * (int16_t)(uint16_t)b);
}

static inline int32_t nanoc_dual_high(int32_t a, uint32_t b, int32_t sum) { return nanoc_dual_low(a, b >> 16, sum); }

static inline int32_t nanoc_dual_both(uint32_t a, uint32_t b, int32_t sum) {
  return nanoc_dual_high((int16_t)(uint16_t)(a >> 16), b, nanoc_dual_low((int16_t)(uint16_t)a, b, sum));
}

#endif

/** Two numbers of 16 bits in one word, the first one low. */
static inline uint32_t nanoc_dual_pack(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

#endif
