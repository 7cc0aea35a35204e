/*
 * sine: inference with static memory. Generated: do not edit.
 *
 * model    sine.onnx
 * sha256   bddc51b1287f52b797ec0afda937f598d2b81fad250c4feb26a75ad01d99ffc0
 * tool     nanoc 0.1.0
 * target   cortex-m4 (Armv7E-M with DSP and FPU)
 * command  nanoc build sine.onnx --target cortex-m4
 * arena    28 bytes, the lower bound of this order
 *
 * flash, less code   bytes      RAM, less stack    bytes
 *   weights            288       arena               28
 *   bias               132       context             12
 *   scale              132       total               40
 *   parameters         132
 *   total              684
 */
#ifndef SINE_H
#define SINE_H

#include "nanoc/types.h"

#if NANOC_ABI != 1
#error "sine needs nanoc runtime 1: compile it with the runtime/ folder beside it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* input "angle": int8 1x1, real = (q + 128) * 0.024639944f */
#define SINE_INPUT_ANGLE_SIZE 1u /* elements */
#define SINE_INPUT_ANGLE_BYTES 1u
#define SINE_INPUT_ANGLE_DIM_0 1u
#define SINE_INPUT_ANGLE_DIM_1 1u
#define SINE_INPUT_ANGLE_SCALE 0.024639944f
#define SINE_INPUT_ANGLE_ZERO_POINT (-128)
#define SINE_INPUT_ANGLE_OFFSET 0u /* in the arena */

/* output "sine": int8 1x1, real = (q - 1) * 0.007987571f */
#define SINE_OUTPUT_SINE_SIZE 1u /* elements */
#define SINE_OUTPUT_SINE_BYTES 1u
#define SINE_OUTPUT_SINE_DIM_0 1u
#define SINE_OUTPUT_SINE_DIM_1 1u
#define SINE_OUTPUT_SINE_SCALE 0.007987571f
#define SINE_OUTPUT_SINE_ZERO_POINT 1
#define SINE_OUTPUT_SINE_OFFSET 0u /* in the arena */

/* Memory of one model, in bytes. All of it is in the context; nothing is allocated. */
#define SINE_ARENA_SIZE 28u
#define SINE_STATE_SIZE 0u
#define SINE_CONTEXT_SIZE 40u
#define SINE_CONTEXT_ALIGNMENT 8u

/* Calls of sine_step() that make one inference. */
#define SINE_STEP_COUNT 3u

/** One instance of the model. The caller owns it; two instances work independently. */
typedef struct {
  NANOC_ALIGNED(8) uint8_t arena[SINE_ARENA_SIZE];
  uint32_t next_step;
} sine_t;

typedef enum {
  SINE_OK = 0,
  /* sine_step(): steps of this inference remain */
  SINE_MORE = 1,
  /* the model pointer is NULL */
  SINE_ERROR_NULL = -1,
  /* the context is not aligned as its type asks */
  SINE_ERROR_ABI = -2,
  /* wrong results: damaged memory or a wrong build */
  SINE_ERROR_SELFTEST = -3
} sine_status;

/** Makes a context ready. To be called once, before anything else. */
sine_status sine_init(sine_t *model);

/** Sets the step counter to 0 (this model has no state). An inference begun with sine_step() is
 * given up. */
sine_status sine_reset(sine_t *model);

/** Input "angle", 1x1: to be written before each inference, which may overwrite it. model must
 * not be NULL. */
int8_t *sine_input_angle(sine_t *model);

/** Output "sine", 1x1: valid after an inference until the next one, or until an input is
 * written. model must not be NULL. */
const int8_t *sine_output_sine(const sine_t *model);

/** One inference. */
sine_status sine_invoke(sine_t *model);

/** One layer of an inference, for super-loops and watchdogs: SINE_MORE while layers remain,
 * SINE_OK after the last. */
sine_status sine_step(sine_t *model);

/** Runs one inference on a pseudo-random input and compares with the results known at compile
 * time. Overwrites inputs and outputs. */
sine_status sine_selftest(sine_t *model);

#ifdef __cplusplus
}
#endif

#endif
