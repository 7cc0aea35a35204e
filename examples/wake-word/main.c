/*
 * Listens for "hey nano". The sound is recording.wav, which the build puts into the flash; a product takes it from a microphone. It is given in pieces of
 * 10 ms, as a driver's buffer would be. README.md says how to run it.
 */
#include "board.h"
#include "wake_word_audio.h"

/* The model's probability is (q + 128) / 256, 50 times a second: a detection is a mean of 0.8 over a tenth of a second, then none for a second. */
#define AVERAGE 5u
#define CUTOFF (205 - 128)
#define QUIET 50u

/* A WAV file as train.py's programs write it: a header of 44 bytes, then the samples. */
#define HEADER_BYTES 44u
extern const uint8_t recording[];
extern const uint8_t recording_end[];
__asm__(".section .rodata.recording, \"a\"\n"
        ".balign 4\n"
        ".global recording\n"
        "recording: .incbin \"" RECORDING "\"\n"
        ".global recording_end\n"
        "recording_end:\n"
        ".previous\n");

static wake_word_t model;
static wake_word_audio_t audio;
static int32_t scores[AVERAGE];

/** Takes a score; 1 when the mean of the latest is a detection. */
static int detects(int32_t score) {
  static uint32_t oldest;
  static uint32_t wait;
  int32_t sum = 0;
  scores[oldest] = score;
  oldest = (oldest + 1u) % AVERAGE;
  for (uint32_t i = 0; i < AVERAGE; i++) {
    sum += scores[i];
  }
  wait = wait > 0u ? wait - 1u : 0u;
  if (wait > 0u || sum < CUTOFF * (int32_t)AVERAGE) {
    return 0;
  }
  wait = QUIET;
  return 1;
}

static void print_time(uint32_t sample_count) {
  const uint32_t hundredths = sample_count / (WAKE_WORD_SAMPLE_RATE / 100u);
  board_print_number(hundredths / 100u, 3);
  board_print(hundredths % 100u < 10u ? ".0" : ".");
  board_print_number(hundredths % 100u, 1);
  board_print(" s");
}

int main(void) {
  board_init();
  if (wake_word_init(&model) != WAKE_WORD_OK || wake_word_selftest(&model) != WAKE_WORD_OK ||
      wake_word_audio_begin(&audio, &model) != WAKE_WORD_AUDIO_MORE) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (uint32_t i = 0; i < AVERAGE; i++) {
    scores[i] = WAKE_WORD_OUTPUT_PROBABILITY_ZERO_POINT;
  }
  const int16_t *samples = (const int16_t *)(const void *)(recording + HEADER_BYTES);
  const uint32_t count = ((uint32_t)(recording_end - recording) - HEADER_BYTES) / 2u;
  for (uint32_t heard = 0; heard < count;) {
    const uint32_t left = count - heard;
    uint32_t taken;
    const wake_word_audio_status status = wake_word_audio_push(
        &audio, &samples[heard], left < WAKE_WORD_STRIDE_SAMPLES ? left : WAKE_WORD_STRIDE_SAMPLES, &taken);
    heard += taken;
    if (status == WAKE_WORD_AUDIO_ERROR_MODEL) {
      board_exit(1);
    }
    if (status == WAKE_WORD_AUDIO_READY && detects(wake_word_output_probability(&model)[0]) != 0) {
      print_time(heard);
      board_print(": hey nano\n");
    }
  }
  print_time(count);
  board_print(": the end\n");
  board_exit(0);
  return 0;
}
