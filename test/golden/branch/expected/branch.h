/*
 * branch: inference with static memory. Generated: do not edit.
 *
 * model    branch.onnx
 * sha256   30874386467d1af59abd60dc0760ec83eef257ed31c49747e701b038b912f2ff
 * tool     nanoc 0.1.0
 * target   cortex-m4 (Armv7E-M with DSP and FPU)
 * command  nanoc build branch.onnx --target cortex-m4 --kernels portable
 * arena    360 bytes, the lower bound of this order
 *
 * flash, less code   bytes      RAM, less stack    bytes
 *   weights            252       arena              360
 *   bias                32       context              8
 *   scale                8       total              368
 *   parameters         340
 *   total              632
 */
#ifndef BRANCH_H
#define BRANCH_H

#include "nanoc/types.h"

#if NANOC_ABI != 1
#error "branch needs nanoc runtime 1: compile it with the runtime/ folder beside it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* input "x": int8 1x3x6x6, real = (q - 3) * 0.05f */
#define BRANCH_INPUT_X_SIZE 108u /* elements */
#define BRANCH_INPUT_X_BYTES 108u
#define BRANCH_INPUT_X_DIM_0 1u
#define BRANCH_INPUT_X_DIM_1 3u
#define BRANCH_INPUT_X_DIM_2 6u
#define BRANCH_INPUT_X_DIM_3 6u
#define BRANCH_INPUT_X_SCALE 0.05f
#define BRANCH_INPUT_X_ZERO_POINT 3
#define BRANCH_INPUT_X_OFFSET 0u /* in the arena */

/* output "y": int8 1x4x6x6, real = (q - 3) * 0.29f */
#define BRANCH_OUTPUT_Y_SIZE 144u /* elements */
#define BRANCH_OUTPUT_Y_BYTES 144u
#define BRANCH_OUTPUT_Y_DIM_0 1u
#define BRANCH_OUTPUT_Y_DIM_1 4u
#define BRANCH_OUTPUT_Y_DIM_2 6u
#define BRANCH_OUTPUT_Y_DIM_3 6u
#define BRANCH_OUTPUT_Y_SCALE 0.29f
#define BRANCH_OUTPUT_Y_ZERO_POINT 3
#define BRANCH_OUTPUT_Y_OFFSET 144u /* in the arena */

/* Memory of one model, in bytes. All of it is in the context; nothing is allocated. */
#define BRANCH_ARENA_SIZE 360u
#define BRANCH_STATE_SIZE 0u
#define BRANCH_CONTEXT_SIZE 368u
#define BRANCH_CONTEXT_ALIGNMENT 8u

/* Calls of branch_step() that make one inference. */
#define BRANCH_STEP_COUNT 5u

/** One instance of the model. The caller owns it; two instances work independently. */
typedef struct {
  NANOC_ALIGNED(8) uint8_t arena[BRANCH_ARENA_SIZE];
  uint32_t next_step;
} branch_t;

typedef enum {
  BRANCH_OK = 0,
  /* branch_step(): steps of this inference remain */
  BRANCH_MORE = 1,
  /* the model pointer is NULL */
  BRANCH_ERROR_NULL = -1,
  /* the context is not aligned as its type asks */
  BRANCH_ERROR_ABI = -2,
  /* wrong results: damaged memory or a wrong build */
  BRANCH_ERROR_SELFTEST = -3
} branch_status;

/** Makes a context ready. To be called once, before anything else. */
branch_status branch_init(branch_t *model);

/** Sets the step counter to 0 (this model has no state). An inference begun with branch_step()
 * is given up. */
branch_status branch_reset(branch_t *model);

/** Input "x", 1x3x6x6: to be written before each inference, which may overwrite it. model must
 * not be NULL. */
int8_t *branch_input_x(branch_t *model);

/** Output "y", 1x4x6x6: valid after an inference until the next one, or until an input is
 * written. model must not be NULL. */
const int8_t *branch_output_y(const branch_t *model);

/** One inference. */
branch_status branch_invoke(branch_t *model);

/** One layer of an inference, for super-loops and watchdogs: BRANCH_MORE while layers remain,
 * BRANCH_OK after the last. */
branch_status branch_step(branch_t *model);

/** Runs one inference on a pseudo-random input and compares with the results known at compile
 * time. Overwrites inputs and outputs. */
branch_status branch_selftest(branch_t *model);

#ifdef __cplusplus
}
#endif

#endif
