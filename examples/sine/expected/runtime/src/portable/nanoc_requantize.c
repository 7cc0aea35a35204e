#include "nanoc/requantize.h"

NANOC_NOINLINE int32_t nanoc_requantize_exact(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  return nanoc_round_clamp((float)sum * scale, zero, low, high);
}
