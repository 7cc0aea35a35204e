/*
 * window: inference with static memory. Generated: do not edit.
 *
 * model    stream.onnx
 * sha256   bb4809a3bf45fd2753c340270952768ec2c5486e35993193fc04fd85f408decb
 * tool     nanoc 0.1.0
 * target   cortex-m0 (Armv6-M, no FPU; run on mps2-an385, whose Cortex-M3 executes the same code)
 * command  nanoc build stream.onnx --target cortex-m0 --name window --state next=past --kernels
 *          portable
 * arena    3 bytes, the lower bound of this order
 *
 * flash, less code   bytes      RAM, less stack    bytes
 *   weights             18       arena                3
 *   bias                12       state                6
 *   scale                4       context             15
 *   parameters          44       total               24
 *   total               78
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "nanoc/types.h"

#if NANOC_ABI != 1
#error "window needs nanoc runtime 1: compile it with the runtime/ folder beside it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* input "x": int8 1x2, real = (q + 7) * 0.05f */
#define WINDOW_INPUT_X_SIZE 2u /* elements */
#define WINDOW_INPUT_X_BYTES 2u
#define WINDOW_INPUT_X_DIM_0 1u
#define WINDOW_INPUT_X_DIM_1 2u
#define WINDOW_INPUT_X_SCALE 0.05f
#define WINDOW_INPUT_X_ZERO_POINT (-7)
#define WINDOW_INPUT_X_OFFSET 0u /* in the arena */

/* output "y": int8 1x3, real = (q + 7) * 0.3f */
#define WINDOW_OUTPUT_Y_SIZE 3u /* elements */
#define WINDOW_OUTPUT_Y_BYTES 3u
#define WINDOW_OUTPUT_Y_DIM_0 1u
#define WINDOW_OUTPUT_Y_DIM_1 3u
#define WINDOW_OUTPUT_Y_SCALE 0.3f
#define WINDOW_OUTPUT_Y_ZERO_POINT (-7)
#define WINDOW_OUTPUT_Y_OFFSET 0u /* in the arena */

/* Memory of one model, in bytes. All of it is in the context; nothing is allocated. */
#define WINDOW_ARENA_SIZE 3u
#define WINDOW_STATE_SIZE 6u
#define WINDOW_CONTEXT_SIZE 24u
#define WINDOW_CONTEXT_ALIGNMENT 8u

/* Calls of window_step() that make one inference. */
#define WINDOW_STEP_COUNT 3u

/** One instance of the model. The caller owns it; two instances work independently. */
typedef struct {
  NANOC_ALIGNED(8) uint8_t arena[WINDOW_ARENA_SIZE];
  NANOC_ALIGNED(8) uint8_t state[WINDOW_STATE_SIZE];
  uint32_t next_step;
} window_t;

typedef enum {
  WINDOW_OK = 0,
  /* window_step(): steps of this inference remain */
  WINDOW_MORE = 1,
  /* the model pointer is NULL */
  WINDOW_ERROR_NULL = -1,
  /* the context is not aligned as its type asks */
  WINDOW_ERROR_ABI = -2,
  /* wrong results: damaged memory or a wrong build */
  WINDOW_ERROR_SELFTEST = -3
} window_status;

/** Makes a context ready. To be called once, before anything else. */
window_status window_init(window_t *model);

/** Sets the state to its initial value. An inference begun with window_step() is given up. */
window_status window_reset(window_t *model);

/** Input "x", 1x2: to be written before each inference, which may overwrite it. model must not
 * be NULL. */
int8_t *window_input_x(window_t *model);

/** Output "y", 1x3: valid after an inference until the next one, or until an input is written.
 * model must not be NULL. */
const int8_t *window_output_y(const window_t *model);

/** One inference. */
window_status window_invoke(window_t *model);

/** One layer of an inference, for super-loops and watchdogs: WINDOW_MORE while layers remain,
 * WINDOW_OK after the last. */
window_status window_step(window_t *model);

/** Runs 3 inferences on a pseudo-random input and compares with the results known at compile
 * time. Overwrites inputs and outputs, resets the state. */
window_status window_selftest(window_t *model);

#ifdef __cplusplus
}
#endif

#endif
