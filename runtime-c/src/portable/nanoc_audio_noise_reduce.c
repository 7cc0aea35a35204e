#include "nanoc/audio.h"

#define NOISE_BITS 14

void nanoc_audio_noise_reduce(const nanoc_audio_noise *noise, uint32_t channels, uint32_t *signal, uint32_t *estimate) {
  for (uint32_t i = 0u; i < channels; i++) {
    const uint32_t smoothing = (i & 1u) == 0u ? noise->even_smoothing : noise->odd_smoothing;
    const uint32_t scaled = signal[i] << noise->smoothing_bits;
    const uint64_t sum = (uint64_t)scaled * smoothing + (uint64_t)estimate[i] * ((1u << NOISE_BITS) - smoothing);
    estimate[i] = (uint32_t)(sum >> NOISE_BITS);
    const uint32_t subtracted = estimate[i] > scaled ? 0u : (scaled - estimate[i]) >> noise->smoothing_bits;
    const uint32_t least = (uint32_t)(((uint64_t)signal[i] * noise->min_signal_remaining) >> NOISE_BITS);
    signal[i] = subtracted > least ? subtracted : least;
  }
}
