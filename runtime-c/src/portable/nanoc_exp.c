#include "nanoc/math.h"

/* Cephes expf (S. Moshier): e^x = 2^n * e^r with |r| <= log(2) / 2. */
float nanoc_exp(float x) {
  if (x != x) {
    return x;
  }
  if (x > 88.3762626647949f) {
    return nanoc_infinity();
  }
  if (x < -87.3365478515625f) {
    return 0.0f;
  }
  /* Adding and subtracting 1.5 * 2^23 rounds to an integer. */
  const float n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = (p * (r * r) + r) + 1.0f;
  /* n is 128 at the upper end: two factors keep each a normal number. */
  const int32_t whole = (int32_t)n;
  const int32_t half = whole / 2;
  return (y * nanoc_power_of_two(half)) * nanoc_power_of_two(whole - half);
}
