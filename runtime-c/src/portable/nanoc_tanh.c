#include "nanoc/math.h"

/* Cephes tanhf (S. Moshier). */
float nanoc_tanh(float x) {
  if (x != x) {
    return x;
  }
  const float magnitude = nanoc_abs(x);
  if (magnitude >= 0.625f) {
    const float y = magnitude > 9.0f ? 1.0f : 1.0f - 2.0f / (nanoc_exp(magnitude + magnitude) + 1.0f);
    return nanoc_with_sign(y, x);
  }
  const float square = x * x;
  float p = -5.70498872745e-3f;
  p = p * square + 2.06390887954e-2f;
  p = p * square + -5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square + -3.33332819422e-1f;
  return (p * square) * x + x;
}
