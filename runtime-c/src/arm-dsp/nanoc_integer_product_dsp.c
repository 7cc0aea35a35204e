#include "nanoc/dual.h"
#include "nanoc/integer_product.h"

/* Elements k and k + 2, then k + 1 and k + 3, less the zero point; their sum is returned. */
static int32_t widen(const int8_t *a, int32_t own, uint32_t *to, const nanoc_integer_product_params *params) {
  const uint32_t flip = params->is_signed != 0 ? 0u : 0x80808080u; /* unsigned bytes become signed ones, 128 lower */
  const uint32_t less = nanoc_dual_pack(own - (params->is_signed != 0 ? 0 : 128), own - (params->is_signed != 0 ? 0 : 128));
  int32_t total = 0;
  int32_t k = 0;
  for (; k + 4 <= params->inner; k += 4) {
    const uint32_t bytes = nanoc_dual_load(a + k) ^ flip;
    to[0] = nanoc_dual_less(nanoc_dual_even(bytes), less);
    to[1] = nanoc_dual_less(nanoc_dual_odd(bytes), less);
    total = nanoc_dual_both(to[1], 0x00010001u, nanoc_dual_both(to[0], 0x00010001u, total));
    to += 2;
  }
  if (k < params->inner) {
    int32_t x[4] = {0, 0, 0, 0};
    for (int32_t i = 0; k + i < params->inner; i++) {
      x[i] = nanoc_byte_at(a, k + i, params->is_signed) - own;
      total += x[i];
    }
    to[0] = nanoc_dual_pack(x[0], x[2]);
    to[1] = nanoc_dual_pack(x[1], x[3]);
  }
  return total;
}

static inline int32_t four(const int8_t *w, uint32_t even, uint32_t odd, int32_t sum) {
  const uint32_t bytes = nanoc_dual_load(w);
  sum = nanoc_dual_both(nanoc_dual_even(bytes), even, sum);
  return nanoc_dual_both(nanoc_dual_odd(bytes), odd, sum);
}

void nanoc_integer_product_dsp(const void *a, const float *scale, const void *zero, float *y, int16_t *scratch,
                               const nanoc_integer_product_params *params) {
  const int32_t own = nanoc_byte_zero(zero, params->is_signed);
  const float step = *scale;
  uint32_t *const wide = (uint32_t *)(void *)scratch;
  const uint32_t *const end = wide + params->stride / 2;
  for (int32_t row = 0; row < params->rows; row++) {
    const int32_t total = widen((const int8_t *)a + row * params->inner, own, wide, params);
    const int8_t *w = params->weights;
    for (int32_t first = 0; first < params->columns; first += 4) {
      const int32_t left = params->columns - first;
      int32_t s0 = 0;
      int32_t s1 = 0;
      int32_t s2 = 0;
      int32_t s3 = 0;
      for (const uint32_t *x = wide; x != end; x += 2) {
        s0 = four(w, x[0], x[1], s0);
        s1 = four(w + 4, x[0], x[1], s1);
        s2 = four(w + 8, x[0], x[1], s2);
        s3 = four(w + 12, x[0], x[1], s3);
        w += 16;
      }
      const int32_t sums[4] = {s0, s1, s2, s3};
      for (int32_t c = 0; c < 4 && c < left; c++) {
        *y++ = nanoc_product_output(sums[c], total, step, first + c, params);
      }
    }
  }
}
