#include "nanoc/audio.h"

/** Thresholds that a feature reaches. */
static uint32_t reached(const uint16_t *thresholds, uint32_t count, uint32_t feature) {
  uint32_t low = 0u;
  uint32_t high = count;
  while (low < high) {
    const uint32_t middle = (low + high) >> 1;
    if (feature >= thresholds[middle]) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  return low;
}

void nanoc_audio_quantize_s8(const uint16_t *thresholds, uint32_t count, int32_t zero_point, uint32_t channels,
                             const uint32_t *signal, int8_t *out) {
  for (uint32_t i = 0u; i < channels; i++) {
    const uint32_t feature = signal[i] > 65535u ? 65535u : signal[i];
    out[i] = (int8_t)(zero_point + (int32_t)reached(thresholds, count, feature));
  }
}
