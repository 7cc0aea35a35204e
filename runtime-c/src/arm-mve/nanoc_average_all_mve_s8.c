#include "nanoc/mve_layers.h"

/* Most pixels whose sum fits a halfword. */
enum { PIXELS = 256 };

#if NANOC_MVE_ASSEMBLY

/* Sums of sixteen channels; pixels are `step` bytes apart. */
static void sum16(const int8_t *x, int16_t sums[16], int32_t pixels, int32_t step) {
  __asm__ volatile(
      "vmov.i16 q0, #0\n vmov.i16 q1, #0\n dls lr, %[pixels]\n"
      "1: vldrb.s16 q2, [%[x]]\n vldrb.s16 q3, [%[x], #8]\n add %[x], %[step]\n"
      " vadd.i16 q0, q0, q2\n vadd.i16 q1, q1, q3\n le lr, 1b\n"
      " vstrh.16 q0, [%[sums]]\n vstrh.16 q1, [%[sums], #16]"
      : [x] "+l"(x)
      : [sums] "r"(sums), [pixels] "r"(pixels), [step] "r"(step)
      : "q0", "q1", "q2", "q3", "lr", "memory");
}

/* Sums of up to eight channels. */
static void sum8(const int8_t *x, int16_t sums[8], int32_t pixels, int32_t step, int32_t channels) {
  __asm__ volatile(
      "vctp.16 %[channels]\n vmov.i16 q0, #0\n dls lr, %[pixels]\n"
      "1: vpst\n vldrbt.s16 q1, [%[x]]\n add %[x], %[step]\n vadd.i16 q0, q0, q1\n le lr, 1b\n"
      " vstrh.16 q0, [%[sums]]"
      : [x] "+l"(x)
      : [sums] "r"(sums), [pixels] "r"(pixels), [step] "r"(step), [channels] "r"(channels)
      : "q0", "q1", "lr", "memory");
}

static void sum_pixels(const int8_t *x, int16_t sums[16], int32_t pixels, int32_t step, int32_t channels) {
  if (channels >= 16) {
    sum16(x, sums, pixels, step);
    return;
  }
  sum8(x, sums, pixels, step, channels);
  if (channels > 8) {
    sum8(x + 8, sums + 8, pixels, step, channels - 8);
  }
}

#else

/* Sums of up to sixteen channels; pixels are `step` bytes apart. */
static void sum_pixels(const int8_t *x, int16_t sums[16], int32_t pixels, int32_t step, int32_t channels) {
  for (int32_t c = 0; c < 16 && c < channels; c++) {
    int32_t all = 0;
    for (int32_t i = 0; i < pixels; i++) {
      all += x[i * step + c];
    }
    sums[c] = (int16_t)all;
  }
}

#endif

void nanoc_average_all_mve_s8(const int8_t *x, int8_t *y, const nanoc_average_all_s8_params *params) {
  const nanoc_average_all_s8_params *p = params;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t channel = 0; channel < p->channels; channel += 16) {
      const int32_t width = p->channels - channel < 16 ? p->channels - channel : 16;
      int32_t sums[16] = {0};
      for (int32_t pixel = 0; pixel < p->pixels; pixel += PIXELS) {
        const int32_t left = p->pixels - pixel;
        int16_t part[16];
        sum_pixels(x + pixel * p->channels + channel, part, left < PIXELS ? left : PIXELS, p->channels, width);
        for (int32_t c = 0; c < width; c++) {
          sums[c] += part[c];
        }
      }
      for (int32_t c = 0; c < width; c++) {
        *y++ = (int8_t)nanoc_requantize(sums[c] - p->zero_sum, p->scale, p->y_zero, -128, 127);
      }
    }
    x += p->pixels * p->channels;
  }
}
