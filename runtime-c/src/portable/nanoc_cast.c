#include "nanoc/quantize.h"

/* 2^63: the first float that int64 does not hold. */
static int64_t truncate(float x) {
  if (x != x) {
    return 0;
  }
  if (x >= 9223372036854775808.0f) {
    return INT64_MAX;
  }
  return x < -9223372036854775808.0f ? INT64_MIN : (int64_t)x;
}

/* The low bits of an integer; unsigned types first, since they are modular. */
static void store(void *y, int32_t i, int32_t type, int64_t value) {
  const uint64_t bits = (uint64_t)value;
  switch (type) {
  case NANOC_INT8:
  case NANOC_UINT8:
    ((uint8_t *)y)[i] = (uint8_t)bits;
    break;
  case NANOC_BOOL:
    ((uint8_t *)y)[i] = bits != 0u ? 1u : 0u;
    break;
  case NANOC_INT16:
  case NANOC_UINT16:
    ((uint16_t *)y)[i] = (uint16_t)bits;
    break;
  case NANOC_INT32:
  case NANOC_UINT32:
    ((uint32_t *)y)[i] = (uint32_t)bits;
    break;
  case NANOC_INT64:
    ((uint64_t *)y)[i] = bits;
    break;
  case NANOC_FLOAT32:
  default:
    ((float *)y)[i] = (float)value;
    break;
  }
}

void nanoc_cast(const void *x, void *y, int32_t count, int32_t from, int32_t to) {
  for (int32_t i = 0; i < count; i++) {
    if (from == NANOC_FLOAT32 && to == NANOC_BOOL) {
      ((uint8_t *)y)[i] = ((const float *)x)[i] != 0.0f ? 1u : 0u;
    } else {
      store(y, i, to, from == NANOC_FLOAT32 ? truncate(((const float *)x)[i]) : nanoc_load_integer(x, i, from));
    }
  }
}
