#include <string.h>

#include "nanoc/audio.h"
#include "nanoc/bits.h"

#define WINDOW_BITS 12

/** Place of the next point: the digits of its number, of two bits and from the highest down, count up; the last may be one bit. */
static uint32_t next_place(uint32_t place, uint32_t bits) {
  uint32_t shift = bits;
  while (shift >= 2u) {
    shift -= 2u;
    if (((place >> shift) & 3u) != 3u) {
      return place + (1u << shift);
    }
    place -= 3u << shift;
  }
  return place + shift;
}

uint32_t nanoc_audio_window(const nanoc_audio *audio, const int16_t *samples, nanoc_bin *work) {
  int16_t *numbers = &work[0].re;
  /* has the bits of the largest of the absolute values */
  uint32_t any = 0u;
  uint32_t place = 0u;
  memset(work, 0, audio->bins * sizeof work[0]);
  for (uint32_t i = 0u; i < audio->window_size; i++) {
    const int32_t value = ((int32_t)samples[i] * audio->window[i]) >> WINDOW_BITS;
    any |= (uint32_t)(value < 0 ? -value : value);
    numbers[2u * place + (i & 1u)] = (int16_t)value;
    if ((i & 1u) != 0u) {
      place = next_place(place, audio->bits);
    }
  }
  const uint32_t length = nanoc_bit_length(any);
  const uint32_t shift = length > 15u ? 0u : 15u - length;
  for (uint32_t i = 0u; i < 2u * audio->bins; i++) {
    numbers[i] = (int16_t)(uint16_t)((uint32_t)numbers[i] << shift);
  }
  return shift;
}
