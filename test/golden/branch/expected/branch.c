/*
 * branch: the calls of the model, in order. Generated: do not edit.
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
#include "branch.h"

#include <string.h>

#include "nanoc/conv.h"
#include "nanoc/elementwise.h"
#include "nanoc/move.h"
#include "branch_weights.h"

/* Where each buffer lies in its block, in bytes, and the steps for which its bytes are needed. */
/* int8 1x3x6x6, "x", input, to step 1 */
#define X_OFFSET 0u
#define X_BYTES 108u
/* int8 1x6x6x3, "x__nhwc", steps 1 to 2 */
#define X_NHWC_OFFSET 112u
#define X_NHWC_BYTES 108u
/* int8 1x6x6x4, "a__nhwc", steps 2 to 4 */
#define A_NHWC_OFFSET 0u
#define A_NHWC_BYTES 144u
/* scratch, step 2 */
#define CONV1_SCRATCH_OFFSET 224u
#define CONV1_SCRATCH_BYTES 54u
/* int8 1x6x6x4, "b__nhwc", steps 3 to 4 */
#define B_NHWC_OFFSET 144u
#define B_NHWC_BYTES 144u
/* scratch, step 3 */
#define CONV2_SCRATCH_OFFSET 288u
#define CONV2_SCRATCH_BYTES 72u
/* int8 1x6x6x4, "y__moved", steps 4 to 5 */
#define Y_MOVED_OFFSET 0u
#define Y_MOVED_BYTES 144u
/* int8 1x4x6x6, "y", step 5 to the end */
#define Y_OFFSET 144u
#define Y_BYTES 144u

#define BUFFER_FITS(buffer, block_size) \
  NANOC_STATIC_ASSERT(buffer##_OFFSET + buffer##_BYTES <= (block_size), "buffer outside its block")
BUFFER_FITS(X, BRANCH_ARENA_SIZE);
BUFFER_FITS(X_NHWC, BRANCH_ARENA_SIZE);
BUFFER_FITS(A_NHWC, BRANCH_ARENA_SIZE);
BUFFER_FITS(CONV1_SCRATCH, BRANCH_ARENA_SIZE);
BUFFER_FITS(B_NHWC, BRANCH_ARENA_SIZE);
BUFFER_FITS(CONV2_SCRATCH, BRANCH_ARENA_SIZE);
BUFFER_FITS(Y_MOVED, BRANCH_ARENA_SIZE);
BUFFER_FITS(Y, BRANCH_ARENA_SIZE);
NANOC_STATIC_ASSERT(
    sizeof(branch_t) <= BRANCH_CONTEXT_SIZE,
    "context larger than planned");
NANOC_STATIC_ASSERT(sizeof(float) == 4u, "float must be IEEE 754 binary32");

static const nanoc_transpose_params x_nhwc_transpose_params = {
  .offset = 0, .batches = 1, .batch_step = 0, .rows = 36, .columns = 3, .step = 36,
};

static const nanoc_conv_s8_params conv1_params = {
  .batches = 1, .in_h = 6, .in_w = 6, .in_c = 3, .out_h = 6, .out_w = 6, .out_c = 4, .kernel_h = 3,
  .kernel_w = 3, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .pad_top = 1,
  .pad_left = 1, .groups = 1, .x_zero = 3, .weights = branch_conv1_weights,
  .bias = branch_conv1_bias, .weight_zeros = NULL,
  .output = {
    .scale = branch_conv1_scale, .scale_step = 0, .y_zero = 3, .low = -128, .high = 127,
  },
};

static const nanoc_conv_s8_params conv2_params = {
  .batches = 1, .in_h = 6, .in_w = 6, .in_c = 4, .out_h = 6, .out_w = 6, .out_c = 4, .kernel_h = 3,
  .kernel_w = 3, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .pad_top = 1,
  .pad_left = 1, .groups = 1, .x_zero = 3, .weights = branch_conv2_weights,
  .bias = branch_conv2_bias, .weight_zeros = NULL,
  .output = {
    .scale = branch_conv2_scale, .scale_step = 0, .y_zero = 3, .low = -128, .high = 127,
  },
};

static const nanoc_add_s8_params add_params = {
  .shape = {
    .rows = 1, .count = 144, .a_step = 1, .b_step = 1, .size = {1, 1, 1, 1},
    .a_steps = {0, 0, 0, 0}, .b_steps = {0, 0, 0, 0},
  },
  .a_factor = 867787, .b_factor = 2241783, .offset = -1988680, .shift = 21, .y_zero = 3,
  .low = -128, .high = 127,
};

static const nanoc_transpose_params y_transpose_params = {
  .offset = 0, .batches = 1, .batch_step = 0, .rows = 4, .columns = 36, .step = 4,
};

/* One layer. A switch, not a table of functions: tools see every call and can bound the stack. */
static void run_step(branch_t *model, uint32_t step) {
  uint8_t *const arena = model->arena;
  switch (step) {
    case 0:
      /* [1/5] "x__nhwc_transpose" Transpose, 1x3x6x6 -> 1x6x6x3 */
      nanoc_transpose_bytes((const void *)&arena[X_OFFSET], (void *)&arena[X_NHWC_OFFSET],
                            &x_nhwc_transpose_params);
      break;
    case 1:
      /* [2/5] "conv1" Conv, 1x6x6x3 -> 1x6x6x4, kernel 3x3, pad 1 */
      nanoc_conv_s8((const void *)&arena[X_NHWC_OFFSET], (void *)&arena[A_NHWC_OFFSET],
                    (void *)&arena[CONV1_SCRATCH_OFFSET], &conv1_params);
      break;
    case 2:
      /* [3/5] "conv2" Conv, 1x6x6x4 -> 1x6x6x4, kernel 3x3, pad 1 */
      nanoc_conv_s8((const void *)&arena[A_NHWC_OFFSET], (void *)&arena[B_NHWC_OFFSET],
                    (void *)&arena[CONV2_SCRATCH_OFFSET], &conv2_params);
      break;
    case 3:
      /* [4/5] "add" Add, 1x6x6x4, 1x6x6x4 -> 1x6x6x4 */
      nanoc_add_s8((const void *)&arena[A_NHWC_OFFSET], (const void *)&arena[B_NHWC_OFFSET],
                   (void *)&arena[Y_MOVED_OFFSET], &add_params);
      break;
    case 4:
      /* [5/5] "y_transpose" Transpose, 1x6x6x4 -> 1x4x6x6 */
      nanoc_transpose_bytes((const void *)&arena[Y_MOVED_OFFSET], (void *)&arena[Y_OFFSET],
                            &y_transpose_params);
      break;
    default:
      break;
  }
}

branch_status branch_init(branch_t *model) {
  if (model != NULL && ((uintptr_t)model % BRANCH_CONTEXT_ALIGNMENT) != 0u) {
    return BRANCH_ERROR_ABI;
  }
  return branch_reset(model);
}

branch_status branch_reset(branch_t *model) {
  if (model == NULL) {
    return BRANCH_ERROR_NULL;
  }
  model->next_step = 0;
  return BRANCH_OK;
}

int8_t *branch_input_x(branch_t *model) {
  return (int8_t *)(void *)&model->arena[X_OFFSET];
}

const int8_t *branch_output_y(const branch_t *model) {
  return (const int8_t *)(const void *)&model->arena[Y_OFFSET];
}

branch_status branch_invoke(branch_t *model) {
  if (model == NULL) {
    return BRANCH_ERROR_NULL;
  }
  for (uint32_t step = 0; step < BRANCH_STEP_COUNT; step++) {
    run_step(model, step);
  }
  model->next_step = 0;
  return BRANCH_OK;
}

branch_status branch_step(branch_t *model) {
  if (model == NULL) {
    return BRANCH_ERROR_NULL;
  }
  const uint32_t step = model->next_step;
  run_step(model, step);
  if (step + 1u < BRANCH_STEP_COUNT) {
    model->next_step = step + 1u;
    return BRANCH_MORE;
  }
  model->next_step = 0;
  return BRANCH_OK;
}

/*
 * Self-test. The input is pseudo-random and takes no flash: x' = 1664525 x + 1013904223 modulo
 * 2^32, of which the high bits are used. Expected, and computed at compile time, is the FNV-1a hash
 * of all outputs.
 */
#define SELFTEST_SEED 1u
#define SELFTEST_HASH 0xcfbfe003u

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

branch_status branch_selftest(branch_t *model) {
  uint32_t hash = 2166136261u;
  uint32_t seed = SELFTEST_SEED;
  branch_status status = branch_reset(model);
  if (status != BRANCH_OK) {
    return status;
  }
  for (uint32_t run = 0; run < 1u; run++) {
    seed = fill_s8(branch_input_x(model), BRANCH_INPUT_X_SIZE, seed);
    status = branch_invoke(model);
    if (status != BRANCH_OK) {
      return status;
    }
    hash = hash_bytes(branch_output_y(model), BRANCH_OUTPUT_Y_BYTES, hash);
  }
  status = branch_reset(model);
  if (status != BRANCH_OK) {
    return status;
  }
  return hash == SELFTEST_HASH ? BRANCH_OK : BRANCH_ERROR_SELFTEST;
}
