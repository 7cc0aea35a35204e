#include "nanoc/cache_rows.h"

static float largest_of(const float *x, int32_t count) {
  float largest = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    const float size = nanoc_abs(x[i]);
    largest = size > largest ? size : largest;
  }
  return largest;
}

static void pack_halves(const float *x, uint8_t *row, int32_t count) {
  uint16_t *halves = (uint16_t *)(void *)row;
  for (int32_t i = 0; i < count; i++) {
    halves[i] = nanoc_half_of(x[i]);
  }
}

static void pack_numbers(const float *x, uint8_t *row, int32_t count, int32_t form) {
  const int32_t most = form == NANOC_CACHE_INT8 ? 127 : 7;
  const float largest = largest_of(x, count);
  const float inverse = largest == 0.0f ? 0.0f : (float)most / largest;
  *(float *)(void *)row = largest / (float)most;
  row += NANOC_CACHE_SCALE;
  for (int32_t i = 0; i < count; i++) {
    const int32_t q = nanoc_round_clamp(x[i] * inverse, 0, -most, most);
    if (form == NANOC_CACHE_INT8) {
      row[i] = (uint8_t)((uint32_t)q & 0xFFu);
    } else {
      row[i >> 1] = (uint8_t)((uint32_t)row[i >> 1] | ((uint32_t)(q + 8) << (4 * (i & 1))));
    }
  }
}

void nanoc_pack_cache_rows(const float *x, uint8_t *y, int32_t rows, int32_t elements, int32_t form) {
  int32_t bytes = NANOC_CACHE_SCALE + (form == NANOC_CACHE_INT8 ? elements : (elements + 1) / 2);
  bytes = ((form == NANOC_CACHE_F16 ? 2 * elements : bytes) + 3) / 4 * 4;
  (void)memset(y, 0, (size_t)(rows * bytes));
  for (int32_t i = 0; i < rows; i++) {
    if (form == NANOC_CACHE_F16) {
      pack_halves(x, y, elements);
    } else {
      pack_numbers(x, y, elements, form);
    }
    x += elements;
    y += bytes;
  }
}
