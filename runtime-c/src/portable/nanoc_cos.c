#include "nanoc/circle.h"

float nanoc_cos(float x) {
  return nanoc_abs(x) < nanoc_infinity() ? nanoc_sine(nanoc_abs(x), 1u) : nanoc_nan();
}
