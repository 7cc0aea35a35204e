#include "nanoc/math.h"

/* Cephes logf (S. Moshier). */
float nanoc_log(float x) {
  if (!(x > 0.0f)) {
    return x == 0.0f ? -nanoc_infinity() : nanoc_nan();
  }
  if (x == nanoc_infinity()) {
    return x;
  }
  int32_t exponent = -126;
  if (x < 1.17549435e-38f) {
    x = x * 8388608.0f;
    exponent -= 23;
  }
  const uint32_t word = nanoc_bits(x);
  exponent += (int32_t)(word >> 23);
  const float mantissa = nanoc_from_bits((word & 0x7FFFFFu) | 0x3F000000u); /* 0.5 to 1 */
  float m = mantissa - 1.0f;
  if (mantissa < 0.707106781186547524f) {
    exponent -= 1;
    m = (mantissa + mantissa) - 1.0f;
  }
  const float square = m * m;
  float p = 7.0376836292e-2f;
  p = p * m + -1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m + -1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m + -1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m + -2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = (p * m) * square;
  y = y + (float)exponent * -2.12194440e-4f;
  y = y - 0.5f * square;
  return (m + y) + (float)exponent * 0.693359375f;
}
