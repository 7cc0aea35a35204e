#include "nanoc/audio.h"

void nanoc_audio_quantize_f32(float scale, uint32_t channels, const uint32_t *signal, float *out) {
  for (uint32_t i = 0u; i < channels; i++) {
    out[i] = (float)(signal[i] > 65535u ? 65535u : signal[i]) * scale;
  }
}
