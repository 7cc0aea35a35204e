/*
 * float_island: the calls of the model, in order. Generated: do not edit.
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
#include "float_island.h"

#include <string.h>

#include "nanoc/elementwise.h"
#include "nanoc/move.h"
#include "nanoc/quantize.h"
#include "nanoc/table.h"
#include "float_island_weights.h"

/* Where each buffer lies in its block, in bytes, and the steps for which its bytes are needed. */
/* float32 2x3, "offset", input, to step 3 */
#define OFFSET_OFFSET 0u
#define OFFSET_BYTES 24u
/* uint8 2x3, "image:0", input, to step 1 */
#define IMAGE_0_OFFSET 24u
#define IMAGE_0_BYTES 6u
/* int8 2x3, "image:0__int8", steps 1 to 2 */
#define IMAGE_0_2_OFFSET 40u
#define IMAGE_0_2_BYTES 6u
/* float32 2x3, "pixels", steps 2 to 3 */
#define PIXELS_OFFSET 24u
#define PIXELS_BYTES 24u
/* float32 2x3, "sum", step 3 to the end */
#define SUM_OFFSET 0u
#define SUM_BYTES 24u
/* int8 2x3, "sum_quantized", steps 4 to 5 */
#define SUM_QUANTIZED_OFFSET 24u
#define SUM_QUANTIZED_BYTES 6u
/* uint8 2x3, "class__moved", steps 5 to 6 */
#define CLASS_MOVED_OFFSET 24u
#define CLASS_MOVED_BYTES 6u
/* uint8 3x2, "class", step 6 to the end */
#define CLASS_VALUE_OFFSET 30u
#define CLASS_VALUE_BYTES 6u

#define BUFFER_FITS(buffer, block_size) \
  NANOC_STATIC_ASSERT(buffer##_OFFSET + buffer##_BYTES <= (block_size), "buffer outside its block")
BUFFER_FITS(OFFSET, FLOAT_ISLAND_ARENA_SIZE);
BUFFER_FITS(IMAGE_0, FLOAT_ISLAND_ARENA_SIZE);
BUFFER_FITS(IMAGE_0_2, FLOAT_ISLAND_ARENA_SIZE);
BUFFER_FITS(PIXELS, FLOAT_ISLAND_ARENA_SIZE);
BUFFER_FITS(SUM, FLOAT_ISLAND_ARENA_SIZE);
BUFFER_FITS(SUM_QUANTIZED, FLOAT_ISLAND_ARENA_SIZE);
BUFFER_FITS(CLASS_MOVED, FLOAT_ISLAND_ARENA_SIZE);
BUFFER_FITS(CLASS_VALUE, FLOAT_ISLAND_ARENA_SIZE);
NANOC_STATIC_ASSERT(
    sizeof(float_island_t) <= FLOAT_ISLAND_CONTEXT_SIZE,
    "context larger than planned");
NANOC_STATIC_ASSERT(sizeof(float) == 4u, "float must be IEEE 754 binary32");

static const nanoc_quantization dequantize_params = {
  .outer = 1, .channels = 1, .inner = 6, .scale = float_island_dequantize_scale,
  .zero = float_island_dequantize_zero,
};

static const nanoc_binary_f32_params node_1_params = {
  .shape = {
    .rows = 1, .count = 6, .a_step = 1, .b_step = 1, .size = {1, 1, 1, 1}, .a_steps = {0, 0, 0, 0},
    .b_steps = {0, 0, 0, 0},
  },
  .low = -NANOC_INFINITY, .high = NANOC_INFINITY,
};

static const nanoc_quantization quantize_params = {
  .outer = 1, .channels = 1, .inner = 6, .scale = float_island_dequantize_scale,
  .zero = float_island_dequantize_zero,
};

static const nanoc_strided_params class_transpose_params = {
  .element = 1, .offset = 0, .sizes = {1, 1, 1, 1, 3, 2}, .strides = {0, 0, 0, 0, 1, 3},
};

/* One layer. A switch, not a table of functions: tools see every call and can bound the stack. */
static void run_step(float_island_t *model, uint32_t step) {
  uint8_t *const arena = model->arena;
  switch (step) {
    case 0:
      /* [1/6] "image:0__int8_sign_shift" SignShift, 2x3 -> 2x3 */
      nanoc_sign_shift((const void *)&arena[IMAGE_0_OFFSET], (void *)&arena[IMAGE_0_2_OFFSET],
                       6 /* elements */);
      break;
    case 1:
      /* [2/6] "dequantize" DequantizeLinear, 2x3 -> 2x3 */
      nanoc_dequantize_s8((const void *)&arena[IMAGE_0_2_OFFSET], (void *)&arena[PIXELS_OFFSET],
                          &dequantize_params);
      break;
    case 2:
      /* [3/6] "/add/ *1* /" Add, 2x3, 2x3 -> 2x3 */
      nanoc_add_f32((const void *)&arena[PIXELS_OFFSET], (const void *)&arena[OFFSET_OFFSET],
                    (void *)&arena[SUM_OFFSET], &node_1_params);
      break;
    case 3:
      /* [4/6] "quantize" QuantizeLinear, 2x3 -> 2x3 */
      nanoc_quantize_s8((const void *)&arena[SUM_OFFSET], (void *)&arena[SUM_QUANTIZED_OFFSET],
                        &quantize_params);
      break;
    case 4:
      /* [5/6] "class_sign_shift" SignShift, 2x3 -> 2x3 */
      nanoc_sign_shift((const void *)&arena[SUM_QUANTIZED_OFFSET],
                       (void *)&arena[CLASS_MOVED_OFFSET], 6 /* elements */);
      break;
    case 5:
      /* [6/6] "class_transpose" Transpose, 2x3 -> 3x2 */
      nanoc_strided_copy((const void *)&arena[CLASS_MOVED_OFFSET],
                         (void *)&arena[CLASS_VALUE_OFFSET], &class_transpose_params);
      break;
    default:
      break;
  }
}

float_island_status float_island_init(float_island_t *model) {
  if (model != NULL && ((uintptr_t)model % FLOAT_ISLAND_CONTEXT_ALIGNMENT) != 0u) {
    return FLOAT_ISLAND_ERROR_ABI;
  }
  return float_island_reset(model);
}

float_island_status float_island_reset(float_island_t *model) {
  if (model == NULL) {
    return FLOAT_ISLAND_ERROR_NULL;
  }
  model->next_step = 0;
  return FLOAT_ISLAND_OK;
}

uint8_t *float_island_input_image_0(float_island_t *model) {
  return (uint8_t *)(void *)&model->arena[IMAGE_0_OFFSET];
}

float *float_island_input_offset(float_island_t *model) {
  return (float *)(void *)&model->arena[OFFSET_OFFSET];
}

const float *float_island_output_sum(const float_island_t *model) {
  return (const float *)(const void *)&model->arena[SUM_OFFSET];
}

const uint8_t *float_island_output_class_output(const float_island_t *model) {
  return (const uint8_t *)(const void *)&model->arena[CLASS_VALUE_OFFSET];
}

float_island_status float_island_invoke(float_island_t *model) {
  if (model == NULL) {
    return FLOAT_ISLAND_ERROR_NULL;
  }
  for (uint32_t step = 0; step < FLOAT_ISLAND_STEP_COUNT; step++) {
    run_step(model, step);
  }
  model->next_step = 0;
  return FLOAT_ISLAND_OK;
}

float_island_status float_island_step(float_island_t *model) {
  if (model == NULL) {
    return FLOAT_ISLAND_ERROR_NULL;
  }
  const uint32_t step = model->next_step;
  run_step(model, step);
  if (step + 1u < FLOAT_ISLAND_STEP_COUNT) {
    model->next_step = step + 1u;
    return FLOAT_ISLAND_MORE;
  }
  model->next_step = 0;
  return FLOAT_ISLAND_OK;
}

/*
 * Self-test. The input is pseudo-random and takes no flash: x' = 1664525 x + 1013904223 modulo
 * 2^32, of which the high bits are used. Expected, and computed at compile time, is the FNV-1a hash
 * of all outputs.
 */
#define SELFTEST_SEED 1u
#define SELFTEST_HASH 0x868d1483u

static uint32_t next_random(uint32_t x) { return x * 1664525u + 1013904223u; }

static uint32_t fill_u8(uint8_t *to, uint32_t count, uint32_t seed) {
  for (uint32_t i = 0; i < count; i++) {
    seed = next_random(seed);
    to[i] = (uint8_t)(seed >> 24);
  }
  return seed;
}

static uint32_t fill_f32(float *to, uint32_t count, float unit, uint32_t seed) {
  for (uint32_t i = 0; i < count; i++) {
    seed = next_random(seed);
    to[i] = (float)((int32_t)(seed >> 16) - 32768) * unit;
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

float_island_status float_island_selftest(float_island_t *model) {
  uint32_t hash = 2166136261u;
  uint32_t seed = SELFTEST_SEED;
  float_island_status status = float_island_reset(model);
  if (status != FLOAT_ISLAND_OK) {
    return status;
  }
  for (uint32_t run = 0; run < 1u; run++) {
    seed = fill_u8(float_island_input_image_0(model), FLOAT_ISLAND_INPUT_IMAGE_0_SIZE, seed);
    seed = fill_f32(float_island_input_offset(model), FLOAT_ISLAND_INPUT_OFFSET_SIZE,
                    0.000030517578f, seed);
    status = float_island_invoke(model);
    if (status != FLOAT_ISLAND_OK) {
      return status;
    }
    hash = hash_bytes(float_island_output_sum(model), FLOAT_ISLAND_OUTPUT_SUM_BYTES, hash);
    hash = hash_bytes(float_island_output_class_output(model),
                      FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_BYTES, hash);
  }
  status = float_island_reset(model);
  if (status != FLOAT_ISLAND_OK) {
    return status;
  }
  return hash == SELFTEST_HASH ? FLOAT_ISLAND_OK : FLOAT_ISLAND_ERROR_SELFTEST;
}
