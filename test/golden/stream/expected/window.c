/*
 * window: the calls of the model, in order. Generated: do not edit.
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
#include "window.h"

#include <string.h>

#include "nanoc/copy.h"
#include "nanoc/matmul.h"
#include "window_weights.h"

/* Where each buffer lies in its block, in bytes, and the steps for which its bytes are needed. */
/* int8 1x2, "x", input, to step 1 */
#define X_OFFSET 0u
#define X_BYTES 2u
/* int8 1x3, "y", step 2 to the end */
#define Y_OFFSET 0u
#define Y_BYTES 3u
/* int8 1x4, "past", kept */
#define PAST_OFFSET 0u
#define PAST_BYTES 4u
/* int8 1x6, "window", kept */
#define WINDOW_OFFSET 0u
#define WINDOW_BYTES 6u
/* int8 1x4, "next__next", kept */
#define NEXT_NEXT_OFFSET 2u
#define NEXT_NEXT_BYTES 4u
/* int8 1x2, "x__part", kept */
#define X_PART_OFFSET 4u
#define X_PART_BYTES 2u
/* int8 1x4, "next", kept */
#define NEXT_OFFSET 0u
#define NEXT_BYTES 4u

#define BUFFER_FITS(buffer, block_size) \
  NANOC_STATIC_ASSERT(buffer##_OFFSET + buffer##_BYTES <= (block_size), "buffer outside its block")
BUFFER_FITS(X, WINDOW_ARENA_SIZE);
BUFFER_FITS(Y, WINDOW_ARENA_SIZE);
BUFFER_FITS(PAST, WINDOW_STATE_SIZE);
BUFFER_FITS(WINDOW, WINDOW_STATE_SIZE);
BUFFER_FITS(NEXT_NEXT, WINDOW_STATE_SIZE);
BUFFER_FITS(X_PART, WINDOW_STATE_SIZE);
BUFFER_FITS(NEXT, WINDOW_STATE_SIZE);
NANOC_STATIC_ASSERT(
    sizeof(window_t) <= WINDOW_CONTEXT_SIZE,
    "context larger than planned");
NANOC_STATIC_ASSERT(sizeof(float) == 4u, "float must be IEEE 754 binary32");

static const nanoc_matmul_s8_params fc_params = {
  .rows = 1, .inner = 6, .columns = 3, .weights = window_fc_weights, .bias = window_fc_bias,
  .weight_zeros = NULL,
  .output = {
    .scale = window_fc_scale, .scale_step = 0, .y_zero = -7, .low = -128, .high = 127,
  },
};

/* One layer. A switch, not a table of functions: tools see every call and can bound the stack. */
static void run_step(window_t *model, uint32_t step) {
  uint8_t *const arena = model->arena;
  uint8_t *const state = model->state;
  switch (step) {
    case 0:
      /* [1/3] "x__part__copy" Copy, 1x2 -> 1x2 */
      nanoc_copy((const void *)&arena[X_OFFSET], (void *)&state[X_PART_OFFSET], 2 /* bytes */);
      break;
    case 1:
      /* [2/3] "fc" MatMul, 1x6 -> 1x3 */
      nanoc_fully_connected_s8((const void *)&state[WINDOW_OFFSET], (void *)&arena[Y_OFFSET],
                               &fc_params);
      break;
    case 2:
      /* [3/3] "next__copy" Copy, 1x4 -> 1x4 */
      nanoc_copy((const void *)&state[NEXT_NEXT_OFFSET], (void *)&state[NEXT_OFFSET],
                 4 /* bytes */);
      break;
    default:
      break;
  }
}

window_status window_init(window_t *model) {
  if (model != NULL && ((uintptr_t)model % WINDOW_CONTEXT_ALIGNMENT) != 0u) {
    return WINDOW_ERROR_ABI;
  }
  return window_reset(model);
}

window_status window_reset(window_t *model) {
  if (model == NULL) {
    return WINDOW_ERROR_NULL;
  }
  /* "past": int8 1x4, -7 */
  memset(&model->state[PAST_OFFSET], 0xf9, PAST_BYTES);
  model->next_step = 0;
  return WINDOW_OK;
}

int8_t *window_input_x(window_t *model) {
  return (int8_t *)(void *)&model->arena[X_OFFSET];
}

const int8_t *window_output_y(const window_t *model) {
  return (const int8_t *)(const void *)&model->arena[Y_OFFSET];
}

window_status window_invoke(window_t *model) {
  if (model == NULL) {
    return WINDOW_ERROR_NULL;
  }
  for (uint32_t step = 0; step < WINDOW_STEP_COUNT; step++) {
    run_step(model, step);
  }
  model->next_step = 0;
  return WINDOW_OK;
}

window_status window_step(window_t *model) {
  if (model == NULL) {
    return WINDOW_ERROR_NULL;
  }
  const uint32_t step = model->next_step;
  run_step(model, step);
  if (step + 1u < WINDOW_STEP_COUNT) {
    model->next_step = step + 1u;
    return WINDOW_MORE;
  }
  model->next_step = 0;
  return WINDOW_OK;
}

/*
 * Self-test. The input is pseudo-random and takes no flash: x' = 1664525 x + 1013904223 modulo
 * 2^32, of which the high bits are used. Expected, and computed at compile time, is the FNV-1a hash
 * of all outputs after each of 3 inferences, and of the state after the last.
 */
#define SELFTEST_SEED 1u
#define SELFTEST_HASH 0x1746acfbu

static uint32_t next_random(uint32_t x) { return x * 1664525u + 1013904223u; }

static uint32_t fill_s8(int8_t *to, uint32_t count, uint32_t seed) {
  for (uint32_t i = 0; i < count; i++) {
    seed = next_random(seed);
    to[i] = (int8_t)((int32_t)(seed >> 24) - 128);
  }
  return seed;
}

static uint32_t hash_bytes(const void *data, uint32_t count, uint32_t hash) {
  const uint8_t *const bytes = (const uint8_t *)data;
  for (uint32_t i = 0; i < count; i++) {
    hash = (hash ^ bytes[i]) * 16777619u;
  }
  return hash;
}

window_status window_selftest(window_t *model) {
  uint32_t hash = 2166136261u;
  uint32_t seed = SELFTEST_SEED;
  window_status status = window_reset(model);
  if (status != WINDOW_OK) {
    return status;
  }
  for (uint32_t run = 0; run < 3u; run++) {
    seed = fill_s8(window_input_x(model), WINDOW_INPUT_X_SIZE, seed);
    status = window_invoke(model);
    if (status != WINDOW_OK) {
      return status;
    }
    hash = hash_bytes(window_output_y(model), WINDOW_OUTPUT_Y_BYTES, hash);
  }
  hash = hash_bytes(&model->state[PAST_OFFSET], PAST_BYTES, hash);
  status = window_reset(model);
  if (status != WINDOW_OK) {
    return status;
  }
  return hash == SELFTEST_HASH ? WINDOW_OK : WINDOW_ERROR_SELFTEST;
}
