/*
 * float_island: inference with static memory. Generated: do not edit.
 *
 * model    float-island.onnx
 * sha256   ac932cb369f9ddc2bab831ac471f3509b8b527ab612d54691c333a769c236232
 * tool     nanoc 0.1.0
 * target   host (this computer, without a simulator)
 * command  nanoc build float-island.onnx --target host --kernels portable
 * arena    48 bytes, the lower bound of this order
 *
 * flash, less code   bytes      RAM, less stack    bytes
 *   scale                4       arena               48
 *   parameters         172       context             16
 *   total              176       total               64
 */
#ifndef FLOAT_ISLAND_H
#define FLOAT_ISLAND_H

#include "nanoc/types.h"

#if NANOC_ABI != 1
#error "float_island needs nanoc runtime 1: compile it with the runtime/ folder beside it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* input "image:0": uint8 2x3, real = (q - 100) * 0.5f */
#define FLOAT_ISLAND_INPUT_IMAGE_0_SIZE 6u /* elements */
#define FLOAT_ISLAND_INPUT_IMAGE_0_BYTES 6u
#define FLOAT_ISLAND_INPUT_IMAGE_0_DIM_0 2u
#define FLOAT_ISLAND_INPUT_IMAGE_0_DIM_1 3u
#define FLOAT_ISLAND_INPUT_IMAGE_0_SCALE 0.5f
#define FLOAT_ISLAND_INPUT_IMAGE_0_ZERO_POINT 100
#define FLOAT_ISLAND_INPUT_IMAGE_0_OFFSET 24u /* in the arena */

/* input "offset": float32 2x3 */
#define FLOAT_ISLAND_INPUT_OFFSET_SIZE 6u /* elements */
#define FLOAT_ISLAND_INPUT_OFFSET_BYTES 24u
#define FLOAT_ISLAND_INPUT_OFFSET_DIM_0 2u
#define FLOAT_ISLAND_INPUT_OFFSET_DIM_1 3u
#define FLOAT_ISLAND_INPUT_OFFSET_OFFSET 0u /* in the arena */

/* output "sum": float32 2x3 */
#define FLOAT_ISLAND_OUTPUT_SUM_SIZE 6u /* elements */
#define FLOAT_ISLAND_OUTPUT_SUM_BYTES 24u
#define FLOAT_ISLAND_OUTPUT_SUM_DIM_0 2u
#define FLOAT_ISLAND_OUTPUT_SUM_DIM_1 3u
#define FLOAT_ISLAND_OUTPUT_SUM_OFFSET 0u /* in the arena */

/* output "class": uint8 3x2, real = (q - 100) * 0.5f */
#define FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_SIZE 6u /* elements */
#define FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_BYTES 6u
#define FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_DIM_0 3u
#define FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_DIM_1 2u
#define FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_SCALE 0.5f
#define FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_ZERO_POINT 100
#define FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_OFFSET 30u /* in the arena */

/* Memory of one model, in bytes. All of it is in the context; nothing is allocated. */
#define FLOAT_ISLAND_ARENA_SIZE 48u
#define FLOAT_ISLAND_STATE_SIZE 0u
#define FLOAT_ISLAND_CONTEXT_SIZE 64u
#define FLOAT_ISLAND_CONTEXT_ALIGNMENT 16u

/* Calls of float_island_step() that make one inference. */
#define FLOAT_ISLAND_STEP_COUNT 6u

/** One instance of the model. The caller owns it; two instances work independently. */
typedef struct {
  NANOC_ALIGNED(16) uint8_t arena[FLOAT_ISLAND_ARENA_SIZE];
  uint32_t next_step;
} float_island_t;

typedef enum {
  FLOAT_ISLAND_OK = 0,
  /* float_island_step(): steps of this inference remain */
  FLOAT_ISLAND_MORE = 1,
  /* the model pointer is NULL */
  FLOAT_ISLAND_ERROR_NULL = -1,
  /* the context is not aligned as its type asks */
  FLOAT_ISLAND_ERROR_ABI = -2,
  /* wrong results: damaged memory or a wrong build */
  FLOAT_ISLAND_ERROR_SELFTEST = -3
} float_island_status;

/** Makes a context ready. To be called once, before anything else. */
float_island_status float_island_init(float_island_t *model);

/** Sets the step counter to 0 (this model has no state). An inference begun with
 * float_island_step() is given up. */
float_island_status float_island_reset(float_island_t *model);

/** Input "image:0", 2x3: to be written before each inference, which may overwrite it. model must
 * not be NULL. */
uint8_t *float_island_input_image_0(float_island_t *model);

/** Input "offset", 2x3: to be written before each inference, which may overwrite it. model must
 * not be NULL. */
float *float_island_input_offset(float_island_t *model);

/** Output "sum", 2x3: valid after an inference until the next one, or until an input is written.
 * model must not be NULL. */
const float *float_island_output_sum(const float_island_t *model);

/** Output "class", 3x2: valid after an inference until the next one, or until an input is
 * written. model must not be NULL. */
const uint8_t *float_island_output_class_output(const float_island_t *model);

/** One inference. */
float_island_status float_island_invoke(float_island_t *model);

/** One layer of an inference, for super-loops and watchdogs: FLOAT_ISLAND_MORE while layers
 * remain, FLOAT_ISLAND_OK after the last. */
float_island_status float_island_step(float_island_t *model);

/** Runs one inference on a pseudo-random input and compares with the results known at compile
 * time. Overwrites inputs and outputs. */
float_island_status float_island_selftest(float_island_t *model);

#ifdef __cplusplus
}
#endif

#endif
