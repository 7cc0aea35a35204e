#include "nanoc/math.h"

/* N. Juffa's approximation, as in ONNX Runtime's MLAS. */
float nanoc_erf(float x) {
  if (x != x) {
    return x;
  }
  const float magnitude = nanoc_abs(x);
  if (magnitude <= 0.921875f) {
    const float square = x * x;
    float p = -5.99104969e-4f;
    p = p * square + 4.99339588e-3f;
    p = p * square + -2.67667342e-2f;
    p = p * square + 1.12818025e-1f;
    p = p * square + -3.76124859e-1f;
    p = p * square + 1.28379151e-1f;
    return x * p + x;
  }
  const float t = magnitude > 3.925f ? 3.925f : magnitude;
  float p = 1.72948930e-5f;
  p = p * t + -3.83208680e-4f;
  p = p * t + 3.88393435e-3f;
  p = p * t + -2.42545605e-2f;
  p = p * t + 1.06777847e-1f;
  p = p * t + 6.34846687e-1f;
  p = p * t + 1.28717512e-1f;
  return nanoc_with_sign(1.0f - nanoc_exp(-(p * t + t)), x);
}
