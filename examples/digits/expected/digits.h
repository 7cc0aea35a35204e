/*
 * digits: inference with static memory. Generated: do not edit.
 *
 * model    digits.onnx
 * sha256   5c895c9974ea0d15c8a8f37703a06a3bb00af03a02d46bd0384f3c972817dc57
 * tool     nanoc 0.1.0
 * target   cortex-m4 (Armv7E-M with DSP and FPU)
 * command  nanoc build digits.onnx --target cortex-m4
 * arena    1584 bytes, the lower bound of this order
 *
 * flash, less code   bytes      RAM, less stack    bytes
 *   weights           4384       arena             1584
 *   table             1024       context              8
 *   parameters         492       total             1592
 *   total             5900
 */
#ifndef DIGITS_H
#define DIGITS_H

#include "nanoc/types.h"

#if NANOC_ABI != 1
#error "digits needs nanoc runtime 1: compile it with the runtime/ folder beside it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* input "image": int8 1x1x8x8, real = (q + 128) * 0.003921569f */
#define DIGITS_INPUT_IMAGE_SIZE 64u /* elements */
#define DIGITS_INPUT_IMAGE_BYTES 64u
#define DIGITS_INPUT_IMAGE_DIM_0 1u
#define DIGITS_INPUT_IMAGE_DIM_1 1u
#define DIGITS_INPUT_IMAGE_DIM_2 8u
#define DIGITS_INPUT_IMAGE_DIM_3 8u
#define DIGITS_INPUT_IMAGE_SCALE 0.003921569f
#define DIGITS_INPUT_IMAGE_ZERO_POINT (-128)
#define DIGITS_INPUT_IMAGE_OFFSET 72u /* in the arena */

/* output "probability": int8 1x10, real = (q + 128) * 0.00390625f */
#define DIGITS_OUTPUT_PROBABILITY_SIZE 10u /* elements */
#define DIGITS_OUTPUT_PROBABILITY_BYTES 10u
#define DIGITS_OUTPUT_PROBABILITY_DIM_0 1u
#define DIGITS_OUTPUT_PROBABILITY_DIM_1 10u
#define DIGITS_OUTPUT_PROBABILITY_SCALE 0.00390625f
#define DIGITS_OUTPUT_PROBABILITY_ZERO_POINT (-128)
#define DIGITS_OUTPUT_PROBABILITY_OFFSET 8u /* in the arena */

/* output "digit": int64 1 */
#define DIGITS_OUTPUT_DIGIT_SIZE 1u /* elements */
#define DIGITS_OUTPUT_DIGIT_BYTES 8u
#define DIGITS_OUTPUT_DIGIT_DIM_0 1u
#define DIGITS_OUTPUT_DIGIT_OFFSET 0u /* in the arena */

/* Memory of one model, in bytes. All of it is in the context; nothing is allocated. */
#define DIGITS_ARENA_SIZE 1584u
#define DIGITS_STATE_SIZE 0u
#define DIGITS_CONTEXT_SIZE 1592u
#define DIGITS_CONTEXT_ALIGNMENT 8u

/* Calls of digits_step() that make one inference. */
#define DIGITS_STEP_COUNT 10u

/** One instance of the model. The caller owns it; two instances work independently. */
typedef struct {
  NANOC_ALIGNED(8) uint8_t arena[DIGITS_ARENA_SIZE];
  uint32_t next_step;
} digits_t;

typedef enum {
  DIGITS_OK = 0,
  /* digits_step(): steps of this inference remain */
  DIGITS_MORE = 1,
  /* the model pointer is NULL */
  DIGITS_ERROR_NULL = -1,
  /* the context is not aligned as its type asks */
  DIGITS_ERROR_ABI = -2,
  /* wrong results: damaged memory or a wrong build */
  DIGITS_ERROR_SELFTEST = -3
} digits_status;

/** Makes a context ready. To be called once, before anything else. */
digits_status digits_init(digits_t *model);

/** Sets the step counter to 0 (this model has no state). An inference begun with digits_step()
 * is given up. */
digits_status digits_reset(digits_t *model);

/** Input "image", 1x1x8x8: to be written before each inference, which may overwrite it. model
 * must not be NULL. */
int8_t *digits_input_image(digits_t *model);

/** Output "probability", 1x10: valid after an inference until the next one, or until an input is
 * written. model must not be NULL. */
const int8_t *digits_output_probability(const digits_t *model);

/** Output "digit", 1: valid after an inference until the next one, or until an input is written.
 * model must not be NULL. */
const int64_t *digits_output_digit(const digits_t *model);

/** One inference. */
digits_status digits_invoke(digits_t *model);

/** One layer of an inference, for super-loops and watchdogs: DIGITS_MORE while layers remain,
 * DIGITS_OK after the last. */
digits_status digits_step(digits_t *model);

/** Runs one inference on a pseudo-random input and compares with the results known at compile
 * time. Overwrites inputs and outputs. */
digits_status digits_selftest(digits_t *model);

#ifdef __cplusplus
}
#endif

#endif
