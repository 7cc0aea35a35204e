/*
 * A doorbell that wakes: a small network listens for "hey nano", and only then another one looks at the camera. Both use one arena,
 * for they never run at the same moment. The sound is recording.wav of examples/wake-word, which the build puts into the flash.
 */
#include "board.h"
#include "doorbell.h"
#include "vision_image.h"
#include "wake_word_audio.h"

/* The model's probability is (q + 128) / 256, 50 times a second: the wake word is a mean of 0.8 over a tenth of a second, then none for a second. */
#define AVERAGE 5u
#define CUTOFF (205 - 128)
#define QUIET 50u
#define FACE 1u

/* A header of 44 bytes, then the samples. */
#define HEADER_BYTES 44u
extern const uint8_t recording[];
extern const uint8_t recording_end[];

/* All memory of both models but the stack; what waits for the next inference lies outside the arena, in states and front ends. */
static doorbell_t models;
static wake_word_audio_t audio;
static vision_image_t image;
static int32_t scores[AVERAGE];

/* The camera: who is there each time. */
extern const uint8_t frame_astronaut[];
extern const uint8_t frame_coffee[];

/* Takes a score; 1 when the mean of the latest is the wake word. */
static int is_wake_word(int32_t score) {
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

/* From here on the arena is the other network's; the next frames of sound are written into it anew. What was heard is in a state, beside it. */
static int sees_face(const uint8_t *frame) {
  vision_image_frame(&image, frame, vision_input_image(&models.vision));
  if (vision_invoke(&models.vision) != VISION_OK) {
    board_exit(1);
  }
  const int8_t *probability = vision_output_probability(&models.vision);
  return probability[FACE] > probability[0];
}

static void print_time(uint32_t sample_count) {
  const uint32_t hundredths = sample_count / (WAKE_WORD_SAMPLE_RATE / 100u);
  board_print_number(hundredths / 100u, 3);
  board_print(hundredths % 100u < 10u ? ".0" : ".");
  board_print_number(hundredths % 100u, 1);
  board_print(" s");
}

int main(void) {
  uint32_t woken = 0;
  board_init();
  if (doorbell_init(&models) != DOORBELL_OK || doorbell_selftest(&models) != DOORBELL_OK ||
      wake_word_audio_begin(&audio, &models.wake_word) != WAKE_WORD_AUDIO_MORE) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (uint32_t i = 0; i < AVERAGE; i++) {
    scores[i] = WAKE_WORD_OUTPUT_PROBABILITY_ZERO_POINT;
  }
  const int16_t *samples = (const int16_t *)(const void *)(recording + HEADER_BYTES);
  const uint32_t count = ((uint32_t)(recording_end - recording) - HEADER_BYTES) / 2u;
  for (uint32_t heard = 0; heard < count;) {
    uint32_t taken;
    const wake_word_audio_status status = wake_word_audio_push(&audio, &samples[heard], count - heard, &taken);
    heard += taken;
    if (status == WAKE_WORD_AUDIO_ERROR_MODEL) {
      board_exit(1);
    }
    if (status == WAKE_WORD_AUDIO_READY && is_wake_word(*wake_word_output_probability(&models.wake_word)) != 0) {
      print_time(heard);
      board_print(": hey nano; the camera sees ");
      board_print(sees_face(woken % 2u == 0u ? frame_astronaut : frame_coffee) ? "a face\n" : "no face\n");
      woken++;
    }
  }
  print_time(count);
  board_print(": the end\n");
  board_exit(0);
  return 0;
}
