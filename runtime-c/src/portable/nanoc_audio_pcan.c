#include "nanoc/audio.h"
#include "nanoc/bits.h"

#define SNR_BITS 12u
#define OUTPUT_BITS 6u

/** Gain for a noise estimate: a parabola for each of its bit lengths. */
static uint32_t gain_of(const int16_t *table, uint32_t estimate) {
  if (estimate <= 2u) {
    return (uint32_t)table[estimate];
  }
  const uint32_t bits = nanoc_bit_length(estimate);
  const int16_t *parabola = &table[4u * bits - 6u];
  const int32_t fraction = (int32_t)((bits < 11u ? estimate << (11u - bits) : estimate >> (bits - 11u)) & 0x3FFu);
  const int32_t slope = ((parabola[2] * fraction) >> 5) + parabola[1] * 32;
  return (uint32_t)(((slope * fraction + (1 << 14)) >> 15) + parabola[0]);
}

/** A power law below a ratio of 2, linear above. */
static uint32_t shrink(uint32_t ratio) {
  if (ratio < (2u << SNR_BITS)) {
    return (ratio * ratio) >> (2u + 2u * SNR_BITS - OUTPUT_BITS);
  }
  return (ratio >> (SNR_BITS - OUTPUT_BITS)) - (1u << OUTPUT_BITS);
}

void nanoc_audio_pcan(const int16_t *table, uint32_t shift, uint32_t channels, uint32_t *signal, const uint32_t *estimate) {
  for (uint32_t i = 0u; i < channels; i++) {
    signal[i] = shrink((uint32_t)(((uint64_t)signal[i] * gain_of(table, estimate[i])) >> shift));
  }
}
