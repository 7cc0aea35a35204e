#include "nanoc/math.h"

static float pow_integer(float x, float y) {
  float result = 1.0f;
  float power = x;
  for (int32_t n = (int32_t)nanoc_abs(y); n > 0; n /= 2) {
    if (n % 2 == 1) {
      result = result * power;
    }
    power = power * power;
  }
  return y < 0.0f ? 1.0f / result : result;
}

float nanoc_pow(float x, float y) {
  if (y == 0.0f || x == 1.0f) {
    return 1.0f;
  }
  if (x != x || y != y) {
    return nanoc_nan();
  }
  const float magnitude = nanoc_abs(y);
  const int integer = nanoc_round_f32(y) == y;
  if (integer && magnitude <= 32.0f) {
    return pow_integer(x, y);
  }
  if (x < 0.0f && !integer) {
    return nanoc_nan();
  }
  const float result = nanoc_exp(y * nanoc_log(nanoc_abs(x)));
  const int odd = magnitude < 16777216.0f && ((int32_t)magnitude & 1) == 1;
  return x < 0.0f && odd ? -result : result;
}
