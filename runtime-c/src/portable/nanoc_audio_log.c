#include "nanoc/audio.h"
#include "nanoc/bits.h"

#define BITS 16
#define SEGMENT_BITS 9
/* ln 2 */
#define LN2 45426u

static uint32_t logarithm(const uint16_t *table, uint32_t x, uint32_t scale_shift) {
  const uint32_t integer = nanoc_bit_length(x) - 1u;
  const uint32_t above = x - (1u << integer);
  const uint32_t fraction = integer < (uint32_t)BITS ? above << (BITS - integer) : above >> (integer - BITS);
  const uint32_t segment = fraction >> SEGMENT_BITS;
  const int32_t c0 = table[segment];
  const int32_t c1 = table[segment + 1u];
  const int32_t between = ((c1 - c0) * (int32_t)(fraction & ((1u << SEGMENT_BITS) - 1u))) >> BITS;
  const uint32_t log2 = (integer << BITS) + fraction + (uint32_t)(c0 + between);
  const uint32_t natural = (uint32_t)(((uint64_t)LN2 * log2 + (1u << (BITS - 1))) >> BITS);
  return ((natural << scale_shift) + (1u << (BITS - 1))) >> BITS;
}

void nanoc_audio_log(const uint16_t *table, int32_t correction, uint32_t scale_shift, uint32_t channels, uint32_t *signal) {
  for (uint32_t i = 0u; i < channels; i++) {
    const uint32_t x = correction < 0 ? signal[i] >> (uint32_t)-correction : signal[i] << (uint32_t)correction;
    signal[i] = x <= 1u ? 0u : logarithm(table, x, scale_shift);
  }
}
