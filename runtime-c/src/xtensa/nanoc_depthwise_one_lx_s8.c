#include "nanoc/xtensa.h"

/* start + sum(x * w): a byte every `step`, weights in pairs of halfwords. The word behind w is loaded too. */
static inline uint32_t column(const int8_t *x, int32_t step, const uint32_t *w, int32_t taps, uint32_t start) {
#if NANOC_MAC16_ASSEMBLY
  uint32_t sum = start;
  uint32_t pw = NANOC_LX_BEFORE(w);
  int32_t t;
  __asm__ volatile(
      "wsr.acclo %[sum]\n"
      "\tldinc m0, %[w]\n"
      "\tloopgtz %[pairs], 1f\n"
      "\tl8ui %[t], %[x], 0\n"
      "\tadd %[x], %[x], %[step]\n"
      "\tsext %[t], %[t], 7\n"
      "\tmula.da.ll m0, %[t]\n"
      "\tl8ui %[t], %[x], 0\n"
      "\tadd %[x], %[x], %[step]\n"
      "\tsext %[t], %[t], 7\n"
      "\tmula.da.hl.ldinc m0, %[w], m0, %[t]\n"
      "1:\n"
      "\tbeqz %[odd], 2f\n"
      "\tl8ui %[t], %[x], 0\n"
      "\tsext %[t], %[t], 7\n"
      "\tmula.da.ll m0, %[t]\n"
      "2:\n"
      "\trsr.acclo %[sum]"
      : [sum] "+a"(sum), [x] "+a"(x), [w] "+a"(pw), [t] "=&a"(t)
      : [step] "a"(step), [pairs] "a"(taps / 2), [odd] "a"(taps % 2)
      : "acc", "memory");
  return sum;
#else
  for (int32_t i = 0; i < taps; i++, x += step) {
    start += nanoc_lx_product((uint32_t)(int32_t)*x & 0xFFFFu, w[i / 2] >> (16 * (i % 2)));
  }
  return start;
#endif
}

void nanoc_depthwise_one_lx_s8(const int8_t *x, int8_t *y, const nanoc_lx_depthwise_params *params) {
  const nanoc_lx_depthwise_params *p = params;
  const int32_t channels = p->channels;
  const int32_t taps = p->along.kernel;
  const float *scale = p->output.scale;
  const int32_t scale_step = p->output.scale_step;
  const int32_t zero = p->output.y_zero;
  const uint32_t *w = p->weights;
  for (int32_t i = 0; i < channels; i++, scale += scale_step, w += (taps + 1) / 2) {
    y[i] = nanoc_lx_requantize(column(x + i, channels, w, taps, (uint32_t)p->start[i]), *scale, zero);
  }
  if (p->output.low > -128 || p->output.high < 127) {
    nanoc_lx_clamp(y, channels, 1, p->output.low, p->output.high);
  }
}
