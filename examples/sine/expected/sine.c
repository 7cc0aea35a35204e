/*
 * sine: the calls of the model, in order. Generated: do not edit.
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
#include "sine.h"

#include <string.h>

#include "nanoc/matmul.h"
#include "sine_weights.h"

/* Where each buffer lies in its block, in bytes, and the steps for which its bytes are needed. */
/* int8 1x1, "angle", input, to step 1 */
#define ANGLE_OFFSET 0u
#define ANGLE_BYTES 1u
/* int8 1x16, "dense1_relu_QuantizeLinear_Output", steps 1 to 2 */
#define RELU_QUANTIZELINEAR_OUTPUT_OFFSET 12u
#define RELU_QUANTIZELINEAR_OUTPUT_BYTES 16u
/* int8 1x16, "dense2_relu_QuantizeLinear_Output", steps 2 to 3 */
#define RELU_QUANTIZELINEAR_OUTPUT_2_OFFSET 0u
#define RELU_QUANTIZELINEAR_OUTPUT_2_BYTES 16u
/* int8 1x1, "sine", step 3 to the end */
#define SINE_OFFSET 0u
#define SINE_BYTES 1u

#define BUFFER_FITS(buffer, block_size) \
  NANOC_STATIC_ASSERT(buffer##_OFFSET + buffer##_BYTES <= (block_size), "buffer outside its block")
BUFFER_FITS(ANGLE, SINE_ARENA_SIZE);
BUFFER_FITS(RELU_QUANTIZELINEAR_OUTPUT, SINE_ARENA_SIZE);
BUFFER_FITS(RELU_QUANTIZELINEAR_OUTPUT_2, SINE_ARENA_SIZE);
BUFFER_FITS(SINE, SINE_ARENA_SIZE);
NANOC_STATIC_ASSERT(
    sizeof(sine_t) <= SINE_CONTEXT_SIZE,
    "context larger than planned");
NANOC_STATIC_ASSERT(sizeof(float) == 4u, "float must be IEEE 754 binary32");

static const nanoc_matmul_s8_params dense1_params = {
  .rows = 1, .inner = 1, .columns = 16, .weights = sine_dense1_weights, .bias = sine_dense1_bias,
  .weight_zeros = NULL,
  .output = {
    .scale = sine_dense1_scale, .scale_step = 1, .y_zero = -128, .low = -128, .high = 127,
  },
};

static const nanoc_matmul_s8_params dense2_params = {
  .rows = 1, .inner = 16, .columns = 16, .weights = sine_dense2_weights, .bias = sine_dense2_bias,
  .weight_zeros = NULL,
  .output = {
    .scale = sine_dense2_scale, .scale_step = 1, .y_zero = -128, .low = -128, .high = 127,
  },
};

static const nanoc_matmul_s8_params dense3_params = {
  .rows = 1, .inner = 16, .columns = 1, .weights = sine_dense3_weights, .bias = sine_dense3_bias,
  .weight_zeros = NULL,
  .output = {
    .scale = sine_dense3_scale, .scale_step = 0, .y_zero = 1, .low = -128, .high = 127,
  },
};

/* One layer. A switch, not a table of functions: tools see every call and can bound the stack. */
static void run_step(sine_t *model, uint32_t step) {
  uint8_t *const arena = model->arena;
  switch (step) {
    case 0:
      /* [1/3] "dense1" MatMul, 1x1 -> 1x16, per-channel */
      nanoc_fully_connected_s8((const void *)&arena[ANGLE_OFFSET],
                               (void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_OFFSET], &dense1_params);
      break;
    case 1:
      /* [2/3] "dense2" MatMul, 1x16 -> 1x16, per-channel */
      nanoc_fully_connected_s8((const void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_OFFSET],
                               (void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_2_OFFSET], &dense2_params);
      break;
    case 2:
      /* [3/3] "dense3" MatMul, 1x16 -> 1x1 */
      nanoc_fully_connected_s8((const void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_2_OFFSET],
                               (void *)&arena[SINE_OFFSET], &dense3_params);
      break;
    default:
      break;
  }
}

sine_status sine_init(sine_t *model) {
  if (model != NULL && ((uintptr_t)model % SINE_CONTEXT_ALIGNMENT) != 0u) {
    return SINE_ERROR_ABI;
  }
  return sine_reset(model);
}

sine_status sine_reset(sine_t *model) {
  if (model == NULL) {
    return SINE_ERROR_NULL;
  }
  model->next_step = 0;
  return SINE_OK;
}

int8_t *sine_input_angle(sine_t *model) {
  return (int8_t *)(void *)&model->arena[ANGLE_OFFSET];
}

const int8_t *sine_output_sine(const sine_t *model) {
  return (const int8_t *)(const void *)&model->arena[SINE_OFFSET];
}

sine_status sine_invoke(sine_t *model) {
  if (model == NULL) {
    return SINE_ERROR_NULL;
  }
  for (uint32_t step = 0; step < SINE_STEP_COUNT; step++) {
    run_step(model, step);
  }
  model->next_step = 0;
  return SINE_OK;
}

sine_status sine_step(sine_t *model) {
  if (model == NULL) {
    return SINE_ERROR_NULL;
  }
  const uint32_t step = model->next_step;
  run_step(model, step);
  if (step + 1u < SINE_STEP_COUNT) {
    model->next_step = step + 1u;
    return SINE_MORE;
  }
  model->next_step = 0;
  return SINE_OK;
}

/*
 * Self-test. The input is pseudo-random and takes no flash: x' = 1664525 x + 1013904223 modulo
 * 2^32, of which the high bits are used. Expected, and computed at compile time, is the FNV-1a hash
 * of all outputs.
 */
#define SELFTEST_SEED 1u
#define SELFTEST_HASH 0xfa0c4bceu

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

sine_status sine_selftest(sine_t *model) {
  uint32_t hash = 2166136261u;
  uint32_t seed = SELFTEST_SEED;
  sine_status status = sine_reset(model);
  if (status != SINE_OK) {
    return status;
  }
  for (uint32_t run = 0; run < 1u; run++) {
    seed = fill_s8(sine_input_angle(model), SINE_INPUT_ANGLE_SIZE, seed);
    status = sine_invoke(model);
    if (status != SINE_OK) {
      return status;
    }
    hash = hash_bytes(sine_output_sine(model), SINE_OUTPUT_SINE_BYTES, hash);
  }
  status = sine_reset(model);
  if (status != SINE_OK) {
    return status;
  }
  return hash == SELFTEST_HASH ? SINE_OK : SINE_ERROR_SELFTEST;
}
