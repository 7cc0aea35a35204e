#include "nanoc/audio.h"
#include "nanoc/bits.h"

/** Rounded to the nearest, below 2 ** 32 at most 65535, as microfrontend has it.   x: below 2 ** 60. */
static uint32_t square_root(uint64_t x) {
  const uint32_t words[2] = {(uint32_t)(x >> 32), (uint32_t)x};
  uint32_t root = 0u;
  uint32_t rest = 0u;
  for (uint32_t i = words[0] == 0u ? 1u : 0u; i < 2u; i++) {
    uint32_t word = words[i];
    uint32_t pairs = 16u;
    if (root == 0u) {
      /* leading zeros give zeros */
      pairs = (nanoc_bit_length(word) + 1u) >> 1;
      word = pairs == 0u ? 0u : word << (32u - 2u * pairs);
    }
    for (; pairs > 0u; pairs--) {
      rest = (rest << 2) | (word >> 30);
      word <<= 2;
      const uint32_t trial = (root << 2) | 1u;
      root <<= 1;
      if (rest >= trial) {
        rest -= trial;
        root |= 1u;
      }
    }
  }
  return rest > root && (words[0] != 0u || root != 0xFFFFu) ? root + 1u : root;
}

void nanoc_audio_mel(const nanoc_audio *audio, const nanoc_bin *spectrum, uint32_t shift, uint32_t *amplitudes) {
  const nanoc_bin *bin = &spectrum[audio->first_bin];
  const uint16_t *weight = audio->weights;
  const uint16_t *unweight = audio->unweights;
  uint64_t energy = 0u;
  for (uint32_t interval = 0u; interval <= audio->channels; interval++) {
    uint64_t next = 0u;
    for (uint32_t i = audio->widths[interval]; i > 0u; i--) {
      const uint32_t power = (uint32_t)(bin->re * bin->re) + (uint32_t)(bin->im * bin->im);
      energy += (uint64_t)power * *weight;
      next += (uint64_t)power * *unweight;
      bin++;
      weight++;
      unweight++;
    }
    /* what lies below the first centre belongs to no channel */
    if (interval > 0u) {
      amplitudes[interval - 1u] = square_root(energy) >> shift;
    }
    energy = next;
  }
}
