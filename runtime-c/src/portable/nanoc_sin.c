#include "nanoc/circle.h"

float nanoc_sin(float x) {
  if (!(nanoc_abs(x) < nanoc_infinity())) {
    return nanoc_nan();
  }
  const float y = nanoc_sine(nanoc_abs(x), 0u);
  return nanoc_bits(x) >> 31 != 0u ? -y : y;
}
