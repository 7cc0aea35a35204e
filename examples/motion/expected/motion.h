/*
 * motion: inference with static memory. Generated: do not edit.
 *
 * model    motion.onnx
 * sha256   6ef9608d52b06a69fc84e022861eb47059be3c4a84dfa33cf63d9c2d8a093257
 * tool     nanoc 0.1.0
 * target   cortex-m4 (Armv7E-M with DSP and FPU)
 * command  nanoc build motion.onnx --target cortex-m4
 * arena    452 bytes, 8 above the lower bound of this order
 *
 * flash, less code   bytes      RAM, less stack    bytes
 *   weights           2088       arena              452
 *   table             1024       context             12
 *   parameters         284       total              464
 *   total             3396
 */
#ifndef MOTION_H
#define MOTION_H

#include "nanoc/types.h"

#if NANOC_ABI != 1
#error "motion needs nanoc runtime 1: compile it with the runtime/ folder beside it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* input "window": int8 1x40x6, real = q * 0.0625f */
#define MOTION_INPUT_WINDOW_SIZE 240u /* elements */
#define MOTION_INPUT_WINDOW_BYTES 240u
#define MOTION_INPUT_WINDOW_DIM_0 1u
#define MOTION_INPUT_WINDOW_DIM_1 40u
#define MOTION_INPUT_WINDOW_DIM_2 6u
#define MOTION_INPUT_WINDOW_SCALE 0.0625f
#define MOTION_INPUT_WINDOW_ZERO_POINT 0
#define MOTION_INPUT_WINDOW_OFFSET 212u /* in the arena */

/* output "probability": int8 1x4, real = (q + 128) * 0.00390625f */
#define MOTION_OUTPUT_PROBABILITY_SIZE 4u /* elements */
#define MOTION_OUTPUT_PROBABILITY_BYTES 4u
#define MOTION_OUTPUT_PROBABILITY_DIM_0 1u
#define MOTION_OUTPUT_PROBABILITY_DIM_1 4u
#define MOTION_OUTPUT_PROBABILITY_SCALE 0.00390625f
#define MOTION_OUTPUT_PROBABILITY_ZERO_POINT (-128)
#define MOTION_OUTPUT_PROBABILITY_OFFSET 0u /* in the arena */

/* Memory of one model, in bytes. All of it is in the context; nothing is allocated. */
#define MOTION_ARENA_SIZE 452u
#define MOTION_STATE_SIZE 0u
#define MOTION_CONTEXT_SIZE 464u
#define MOTION_CONTEXT_ALIGNMENT 8u

/* Calls of motion_step() that make one inference. */
#define MOTION_STEP_COUNT 8u

/** One instance of the model. The caller owns it; two instances work independently. */
typedef struct {
  NANOC_ALIGNED(8) uint8_t arena[MOTION_ARENA_SIZE];
  uint32_t next_step;
} motion_t;

typedef enum {
  MOTION_OK = 0,
  /* motion_step(): steps of this inference remain */
  MOTION_MORE = 1,
  /* the model pointer is NULL */
  MOTION_ERROR_NULL = -1,
  /* the context is not aligned as its type asks */
  MOTION_ERROR_ABI = -2,
  /* wrong results: damaged memory or a wrong build */
  MOTION_ERROR_SELFTEST = -3
} motion_status;

/** Makes a context ready. To be called once, before anything else. */
motion_status motion_init(motion_t *model);

/** Sets the step counter to 0 (this model has no state). An inference begun with motion_step()
 * is given up. */
motion_status motion_reset(motion_t *model);

/** Input "window", 1x40x6: to be written before each inference, which may overwrite it. model
 * must not be NULL. */
int8_t *motion_input_window(motion_t *model);

/** Output "probability", 1x4: valid after an inference until the next one, or until an input is
 * written. model must not be NULL. */
const int8_t *motion_output_probability(const motion_t *model);

/** One inference. */
motion_status motion_invoke(motion_t *model);

/** One layer of an inference, for super-loops and watchdogs: MOTION_MORE while layers remain,
 * MOTION_OK after the last. */
motion_status motion_step(motion_t *model);

/** Runs one inference on a pseudo-random input and compares with the results known at compile
 * time. Overwrites inputs and outputs. */
motion_status motion_selftest(motion_t *model);

#ifdef __cplusplus
}
#endif

#endif
