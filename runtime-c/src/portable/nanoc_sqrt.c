#include "nanoc/math.h"
#include "nanoc/requantize.h"

#if NANOC_VCVTR

/* The FPU's root is correctly rounded too (IEEE 754); a NaN is nanoc's own. */
float nanoc_sqrt(float x) {
  float root;
  if (x < 0.0f) {
    return nanoc_nan();
  }
  __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
  return root;
}

#else

/* Bit by bit: 24 bits of the root and one more to round with; the remainder tells whether the root is exact. */
float nanoc_sqrt(float x) {
  if (x == 0.0f || x != x) {
    return x;
  }
  if (x < 0.0f) {
    return nanoc_nan();
  }
  if (x == nanoc_infinity()) {
    return x;
  }
  int32_t exponent = 0;
  if (x < 1.17549435e-38f) {
    x = x * 16777216.0f; /* 2^24, whose root is 2^12 */
    exponent = -12;
  }
  const uint32_t word = nanoc_bits(x);
  const int32_t power = (int32_t)(word >> 23) - 127;
  uint32_t remainder = (word & 0x7FFFFFu) | 0x800000u; /* 1.f * 2^23 */
  if ((power & 1) != 0) {
    remainder <<= 1;
  }
  exponent += (power - (power & 1)) / 2;
  /* root^2 <= remainder * 2^25: the root has 25 bits. */
  remainder <<= 1;
  uint32_t root = 0;
  uint32_t sum = 0;
  for (uint32_t bit = 1u << 24; bit != 0u; bit >>= 1) {
    const uint32_t trial = sum + bit;
    if (trial <= remainder) {
      sum = trial + bit;
      remainder -= trial;
      root |= bit;
    }
    remainder <<= 1;
  }
  /* A root of 25 bits is never exactly halfway, so the last bit rounds. */
  root = (root + (root & 1u)) >> 1;
  return nanoc_from_bits(root + ((uint32_t)(exponent + 126) << 23));
}

#endif
