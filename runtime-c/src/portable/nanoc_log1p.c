#include "nanoc/math.h"

/* The rounding error of 1 + x is divided out (W. Kahan). */
float nanoc_log1p(float x) {
  const float u = 1.0f + x;
  if (u == 1.0f) {
    return x;
  }
  return (nanoc_log(u) * x) / (u - 1.0f);
}
