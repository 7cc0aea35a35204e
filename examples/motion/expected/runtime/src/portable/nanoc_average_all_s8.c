#include "nanoc/pool.h"
#include "nanoc/taps.h"

static NANOC_NOINLINE int8_t finish(const nanoc_average_all_s8_params *p, int32_t sum) {
  return (int8_t)nanoc_requantize(sum - p->zero_sum, p->scale, p->y_zero, -128, 127);
}

static int32_t sum_of(const int8_t *x, int32_t step, int32_t count) {
  int32_t sum = 0;
  for (; count > 0; count--, x += step) {
    sum += *x;
  }
  return sum;
}

void nanoc_average_all_s8(const int8_t *x, int8_t *y, const nanoc_average_all_s8_params *params) {
  const int32_t channels = params->channels;
  for (int32_t batch = 0; batch < params->batches; batch++) {
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
      int32_t sums[4] = {0, 0, 0, 0};
      nanoc_add_taps(sums, x + channel, channels, params->pixels);
      for (int32_t c = 0; c < 4; c++) {
        *y++ = finish(params, sums[c]);
      }
    }
    for (; channel < channels; channel++) {
      *y++ = finish(params, sum_of(x + channel, channels, params->pixels));
    }
    x += params->pixels * channels;
  }
}
