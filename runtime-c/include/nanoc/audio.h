/*
 * Audio front end: int16 samples to features of a spectrum, in integers; the same numbers as the microfrontend of TensorFlow Lite Micro
 * (docs/AUDIO.md). Tables lie in flash and are made by nanoc for the parameters; all other memory comes from the caller. No division, no
 * floating point before nanoc_audio_quantize_f32().
 */
#ifndef NANOC_AUDIO_H
#define NANOC_AUDIO_H

#include "nanoc/types.h"

/** A bin of a spectrum. */
typedef struct {
  int16_t re;
  int16_t im;
} nanoc_bin;

typedef struct {
  /* samples of a window; at most 2 * bins */
  uint32_t window_size;
  /* bins that the transform computes, half its points: a power of two from 8 up; and its logarithm */
  uint32_t bins;
  uint32_t bits;
  /* [window_size]: 12 fraction bits */
  const int16_t *window;
  /* [bins * 3 / 4], [bins / 2]: points of the unit circle times 32767 */
  const nanoc_bin *twiddles;
  const nanoc_bin *real_twiddles;
  /* channels; bins of channels + 1 intervals that follow each other from first_bin up */
  uint32_t channels;
  uint32_t first_bin;
  const uint16_t *widths;
  /* for each bin its share in the channel that ends in its interval, and in the one that begins there: 12 bits */
  const uint16_t *weights;
  const uint16_t *unweights;
} nanoc_audio;

/** Noise reduction: shares in 14 bits. */
typedef struct {
  uint32_t smoothing_bits;
  /* of channels 0, 2, ..., and of the others */
  uint32_t even_smoothing;
  uint32_t odd_smoothing;
  uint32_t min_signal_remaining;
} nanoc_audio_noise;

/**
 * Multiplies samples by the window and puts them in the order that nanoc_audio_fft() wants, shifted left as far as 16 bits allow; zeros behind.
 *  samples: [window_size].   work: [bins].   Returns the shift.
 */
uint32_t nanoc_audio_window(const nanoc_audio *audio, const int16_t *samples, nanoc_bin *work);

/** Transform of real samples, in place: bins 0 to `bins` of the spectrum, divided by their number.   work: [bins + 1]. */
void nanoc_audio_fft(const nanoc_audio *audio, nanoc_bin *work);

/** Amplitudes of the channels: square roots of their energies, shifted right by `shift`.   spectrum: [bins + 1].   amplitudes: [channels]. */
void nanoc_audio_mel(const nanoc_audio *audio, const nanoc_bin *spectrum, uint32_t shift, uint32_t *amplitudes);

/** Subtracts an estimate of the noise, which it keeps.   signal, estimate: [channels]; the estimate has smoothing_bits fraction bits. */
void nanoc_audio_noise_reduce(const nanoc_audio_noise *noise, uint32_t channels, uint32_t *signal, uint32_t *estimate);

/** Per-channel amplitude normalization.   table: gain by the bits of the estimate.   shift: 4 to 31.   signal, estimate: [channels]. */
void nanoc_audio_pcan(const int16_t *table, uint32_t shift, uint32_t channels, uint32_t *signal, const uint32_t *estimate);

/**
 * Natural logarithm of signal * 2 ** correction, in steps of 2 ** -scale_shift.
 *  table: [130], log2(1 + i / 128) - i / 128 in 16 bits.   correction: -15 to 15.   signal: [channels].
 */
void nanoc_audio_log(const uint16_t *table, int32_t correction, uint32_t scale_shift, uint32_t channels, uint32_t *signal);

/**
 * Features, at most 65535, as the model's input: the number of thresholds that each reaches, and the zero point. uint8_t is written the same way.
 *  thresholds: [count], ascending; count <= 255.   signal, out: [channels].
 */
void nanoc_audio_quantize_s8(const uint16_t *thresholds, uint32_t count, int32_t zero_point, uint32_t channels,
                             const uint32_t *signal, int8_t *out);

/** Features, at most 65535, times `scale`.   signal, out: [channels]. */
void nanoc_audio_quantize_f32(float scale, uint32_t channels, const uint32_t *signal, float *out);

#endif
