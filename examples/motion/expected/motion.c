/*
 * motion: the calls of the model, in order. Generated: do not edit.
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
#include "motion.h"

#include <string.h>

#include "nanoc/generated/nanoc_conv_dsp_1x10x16_1x10x24_k1x1_s1x1_p0x0_fixed4.h"
#include "nanoc/generated/nanoc_conv_dsp_1x20x12_1x20x16_k1x1_s1x1_p0x0_fixed4.h"
#include "nanoc/generated/nanoc_conv_dsp_1x40x6_1x20x12_k1x5_s1x2_p0x2_fixed4.h"
#include "nanoc/generated/nanoc_matvec_dsp_24x4_wide_fixed4.h"
#include "nanoc/generated/nanoc_window_dsp_1x20x12_1x20_k1x5_s1x1_p0x2_fixed4.h"
#include "nanoc/generated/nanoc_window_dsp_1x20x16_1x10_k1x3_s1x2_p0x1_fixed_exact4.h"
#include "nanoc/pool.h"
#include "nanoc/softmax.h"
#include "motion_weights.h"

/* Where each buffer lies in its block, in bytes, and the steps for which its bytes are needed. */
/* int8 1x40x6, "window", input, to step 1 */
#define WINDOW_OFFSET 212u
#define WINDOW_BYTES 240u
/* int8 1x1x40x6, "...posed_dequantized__2d_quantized__nhwc", input, to step 1 */
#define DEQUANTIZED_2D_QUANTIZED_NHWC_OFFSET 212u
#define DEQUANTIZED_2D_QUANTIZED_NHWC_BYTES 240u
/* scratch, step 1 */
#define STEM_QUANT_SCRATCH_OFFSET 0u
#define STEM_QUANT_SCRATCH_BYTES 192u
/* int8 1x1x20x12, "stem_quantized_float__2d_quantized__nhwc", steps 1 to 2 */
#define FLOAT_2D_QUANTIZED_NHWC_OFFSET 200u
#define FLOAT_2D_QUANTIZED_NHWC_BYTES 240u
/* scratch, step 2 */
#define DEPTHWISE1_QUANT_SCRATCH_OFFSET 0u
#define DEPTHWISE1_QUANT_SCRATCH_BYTES 176u
/* int8 1x1x20x12, "...1_quantized_float__2d_quantized__nhwc", steps 2 to 3 */
#define FLOAT_2D_QUANTIZED_NHWC_2_OFFSET 176u
#define FLOAT_2D_QUANTIZED_NHWC_2_BYTES 240u
/* scratch, step 3 */
#define POINTWISE1_QUANT_SCRATCH_OFFSET 0u
#define POINTWISE1_QUANT_SCRATCH_BYTES 48u
/* int8 1x1x20x16, "...1_quantized_float__2d_quantized__nhwc", steps 3 to 4 */
#define FLOAT_2D_QUANTIZED_NHWC_3_OFFSET 76u
#define FLOAT_2D_QUANTIZED_NHWC_3_BYTES 320u
/* scratch, step 4 */
#define DEPTHWISE2_QUANT_SCRATCH_OFFSET 0u
#define DEPTHWISE2_QUANT_SCRATCH_BYTES 76u
/* int8 1x1x10x16, "...2_quantized_float__2d_quantized__nhwc", steps 4 to 5 */
#define FLOAT_2D_QUANTIZED_NHWC_4_OFFSET 76u
#define FLOAT_2D_QUANTIZED_NHWC_4_BYTES 160u
/* int8 1x1x10x24, "...2_quantized_float__2d_quantized__nhwc", steps 5 to 6 */
#define FLOAT_2D_QUANTIZED_NHWC_5_OFFSET 0u
#define FLOAT_2D_QUANTIZED_NHWC_5_BYTES 240u
/* scratch, step 5 */
#define POINTWISE2_QUANT_SCRATCH_OFFSET 240u
#define POINTWISE2_QUANT_SCRATCH_BYTES 64u
/* int8 1x1x1x24, "...e_quantized_float__2d_quantized__nhwc", steps 6 to 7 */
#define FLOAT_2D_QUANTIZED_NHWC_6_OFFSET 0u
#define FLOAT_2D_QUANTIZED_NHWC_6_BYTES 24u
/* int8 1x24, "features_quantized", steps 6 to 7 */
#define FEATURES_QUANTIZED_OFFSET 0u
#define FEATURES_QUANTIZED_BYTES 24u
/* scratch, step 7 */
#define CLASSIFIER_QUANT_SCRATCH_OFFSET 24u
#define CLASSIFIER_QUANT_SCRATCH_BYTES 48u
/* int8 1x4, "logits_quantized", steps 7 to 8 */
#define LOGITS_QUANTIZED_OFFSET 72u
#define LOGITS_QUANTIZED_BYTES 4u
/* int8 1x4, "probability", step 8 to the end */
#define PROBABILITY_OFFSET 0u
#define PROBABILITY_BYTES 4u

#define BUFFER_FITS(buffer, block_size) \
  NANOC_STATIC_ASSERT(buffer##_OFFSET + buffer##_BYTES <= (block_size), "buffer outside its block")
BUFFER_FITS(WINDOW, MOTION_ARENA_SIZE);
BUFFER_FITS(DEQUANTIZED_2D_QUANTIZED_NHWC, MOTION_ARENA_SIZE);
BUFFER_FITS(STEM_QUANT_SCRATCH, MOTION_ARENA_SIZE);
BUFFER_FITS(FLOAT_2D_QUANTIZED_NHWC, MOTION_ARENA_SIZE);
BUFFER_FITS(DEPTHWISE1_QUANT_SCRATCH, MOTION_ARENA_SIZE);
BUFFER_FITS(FLOAT_2D_QUANTIZED_NHWC_2, MOTION_ARENA_SIZE);
BUFFER_FITS(POINTWISE1_QUANT_SCRATCH, MOTION_ARENA_SIZE);
BUFFER_FITS(FLOAT_2D_QUANTIZED_NHWC_3, MOTION_ARENA_SIZE);
BUFFER_FITS(DEPTHWISE2_QUANT_SCRATCH, MOTION_ARENA_SIZE);
BUFFER_FITS(FLOAT_2D_QUANTIZED_NHWC_4, MOTION_ARENA_SIZE);
BUFFER_FITS(FLOAT_2D_QUANTIZED_NHWC_5, MOTION_ARENA_SIZE);
BUFFER_FITS(POINTWISE2_QUANT_SCRATCH, MOTION_ARENA_SIZE);
BUFFER_FITS(FLOAT_2D_QUANTIZED_NHWC_6, MOTION_ARENA_SIZE);
BUFFER_FITS(FEATURES_QUANTIZED, MOTION_ARENA_SIZE);
BUFFER_FITS(CLASSIFIER_QUANT_SCRATCH, MOTION_ARENA_SIZE);
BUFFER_FITS(LOGITS_QUANTIZED, MOTION_ARENA_SIZE);
BUFFER_FITS(PROBABILITY, MOTION_ARENA_SIZE);
NANOC_STATIC_ASSERT(
    sizeof(motion_t) <= MOTION_CONTEXT_SIZE,
    "context larger than planned");
NANOC_STATIC_ASSERT(sizeof(float) == 4u, "float must be IEEE 754 binary32");

static const nanoc_dsp_params stem_quant_params = {
  .x_zero = 0, .y_zero = -128, .low = -128, .high = 127, .stream = motion_stem_quant_weights,
  .segments = motion_stem_quant_segments, .segment_count = 1,
};

static const nanoc_dsp_window_params depthwise1_quant_params = {
  .x_zeros = 2155905152u, .y_zero = -128, .low = -128, .high = 127,
  .weights = motion_depthwise1_quant_weights, .exact = NULL,
};

static const nanoc_dsp_params pointwise1_quant_params = {
  .x_zero = -128, .y_zero = -128, .low = -128, .high = 127,
  .stream = motion_pointwise1_quant_weights, .segments = motion_pointwise1_quant_segments,
  .segment_count = 1,
};

static const nanoc_dsp_window_params depthwise2_quant_params = {
  .x_zeros = 2155905152u, .y_zero = -128, .low = -128, .high = 127,
  .weights = motion_depthwise2_quant_weights, .exact = motion_depthwise2_quant_exact,
};

static const nanoc_dsp_params pointwise2_quant_params = {
  .x_zero = -128, .y_zero = -128, .low = -128, .high = 127,
  .stream = motion_pointwise2_quant_weights, .segments = motion_pointwise2_quant_segments,
  .segment_count = 1,
};

static const nanoc_average_all_s8_params average_quant_params = {
  .batches = 1, .pixels = 10, .channels = 24, .zero_sum = -1280, .scale = 0.19220024f,
  .y_zero = -128,
};

static const nanoc_dsp_params classifier_quant_params = {
  .x_zero = -128, .y_zero = -97, .low = -128, .high = 127,
  .stream = motion_classifier_quant_weights, .segments = motion_classifier_quant_segments,
  .segment_count = 1,
};

static const nanoc_softmax_s8_params softmax_quant_params = {
  .outer = 1, .count = 4, .inner = 1, .table = motion_softmax_quant_table, .cutoff = 247,
  .y_scale = 0.00390625f, .y_inverse = 256.0f, .y_zero = -128,
};

/* One layer. A switch, not a table of functions: tools see every call and can bound the stack. */
static void run_step(motion_t *model, uint32_t step) {
  uint8_t *const arena = model->arena;
  switch (step) {
    case 0:
      /* [1/8] "stem_quant" Conv, 1x1x40x6 -> 1x1x20x12, kernel 1x5, stride 1,2, pad 0,2,0,2,
       * per-channel */
      nanoc_conv_dsp_1x40x6_1x20x12_k1x5_s1x2_p0x2_fixed4(
          (const void *)&arena[DEQUANTIZED_2D_QUANTIZED_NHWC_OFFSET],
          (void *)&arena[FLOAT_2D_QUANTIZED_NHWC_OFFSET], (void *)&arena[STEM_QUANT_SCRATCH_OFFSET],
          &stem_quant_params);
      break;
    case 1:
      /* [2/8] "depthwise1_quant" Conv, 1x1x20x12 -> 1x1x20x12, kernel 1x5, pad 0,2,0,2, 12
       * groups, per-channel */
      nanoc_window_dsp_1x20x12_1x20_k1x5_s1x1_p0x2_fixed4(
          (const void *)&arena[FLOAT_2D_QUANTIZED_NHWC_OFFSET],
          (void *)&arena[FLOAT_2D_QUANTIZED_NHWC_2_OFFSET],
          (void *)&arena[DEPTHWISE1_QUANT_SCRATCH_OFFSET], &depthwise1_quant_params);
      break;
    case 2:
      /* [3/8] "pointwise1_quant" Conv, 1x1x20x12 -> 1x1x20x16, kernel 1x1, per-channel */
      nanoc_conv_dsp_1x20x12_1x20x16_k1x1_s1x1_p0x0_fixed4(
          (const void *)&arena[FLOAT_2D_QUANTIZED_NHWC_2_OFFSET],
          (void *)&arena[FLOAT_2D_QUANTIZED_NHWC_3_OFFSET],
          (void *)&arena[POINTWISE1_QUANT_SCRATCH_OFFSET], &pointwise1_quant_params);
      break;
    case 3:
      /* [4/8] "depthwise2_quant" Conv, 1x1x20x16 -> 1x1x10x16, kernel 1x3, stride 1,2, pad
       * 0,1,0,1, 16 groups, per-channel; 2 of 4 groups of four channels are requantized in
       * float: for one of the four no multiplier is exact */
      nanoc_window_dsp_1x20x16_1x10_k1x3_s1x2_p0x1_fixed_exact4(
          (const void *)&arena[FLOAT_2D_QUANTIZED_NHWC_3_OFFSET],
          (void *)&arena[FLOAT_2D_QUANTIZED_NHWC_4_OFFSET],
          (void *)&arena[DEPTHWISE2_QUANT_SCRATCH_OFFSET], &depthwise2_quant_params);
      break;
    case 4:
      /* [5/8] "pointwise2_quant" Conv, 1x1x10x16 -> 1x1x10x24, kernel 1x1, per-channel */
      nanoc_conv_dsp_1x10x16_1x10x24_k1x1_s1x1_p0x0_fixed4(
          (const void *)&arena[FLOAT_2D_QUANTIZED_NHWC_4_OFFSET],
          (void *)&arena[FLOAT_2D_QUANTIZED_NHWC_5_OFFSET],
          (void *)&arena[POINTWISE2_QUANT_SCRATCH_OFFSET], &pointwise2_quant_params);
      break;
    case 5:
      /* [6/8] "average_quant" AveragePool, 1x1x10x24 -> 1x1x1x24, kernel 1x10 */
      nanoc_average_all_s8((const void *)&arena[FLOAT_2D_QUANTIZED_NHWC_5_OFFSET],
                           (void *)&arena[FLOAT_2D_QUANTIZED_NHWC_6_OFFSET], &average_quant_params);
      break;
    case 6:
      /* [7/8] "classifier_quant" MatMul, 1x24 -> 1x4, per-channel */
      nanoc_matvec_dsp_24x4_wide_fixed4((const void *)&arena[FEATURES_QUANTIZED_OFFSET],
                                        (void *)&arena[LOGITS_QUANTIZED_OFFSET],
                                        (void *)&arena[CLASSIFIER_QUANT_SCRATCH_OFFSET],
                                        &classifier_quant_params);
      break;
    case 7:
      /* [8/8] "softmax_quant" Softmax, 1x4 -> 1x4, axis 1 */
      nanoc_softmax_s8((const void *)&arena[LOGITS_QUANTIZED_OFFSET],
                       (void *)&arena[PROBABILITY_OFFSET], &softmax_quant_params);
      break;
    default:
      break;
  }
}

motion_status motion_init(motion_t *model) {
  if (model != NULL && ((uintptr_t)model % MOTION_CONTEXT_ALIGNMENT) != 0u) {
    return MOTION_ERROR_ABI;
  }
  return motion_reset(model);
}

motion_status motion_reset(motion_t *model) {
  if (model == NULL) {
    return MOTION_ERROR_NULL;
  }
  model->next_step = 0;
  return MOTION_OK;
}

int8_t *motion_input_window(motion_t *model) {
  return (int8_t *)(void *)&model->arena[WINDOW_OFFSET];
}

const int8_t *motion_output_probability(const motion_t *model) {
  return (const int8_t *)(const void *)&model->arena[PROBABILITY_OFFSET];
}

motion_status motion_invoke(motion_t *model) {
  if (model == NULL) {
    return MOTION_ERROR_NULL;
  }
  for (uint32_t step = 0; step < MOTION_STEP_COUNT; step++) {
    run_step(model, step);
  }
  model->next_step = 0;
  return MOTION_OK;
}

motion_status motion_step(motion_t *model) {
  if (model == NULL) {
    return MOTION_ERROR_NULL;
  }
  const uint32_t step = model->next_step;
  run_step(model, step);
  if (step + 1u < MOTION_STEP_COUNT) {
    model->next_step = step + 1u;
    return MOTION_MORE;
  }
  model->next_step = 0;
  return MOTION_OK;
}

/*
 * Self-test. The input is pseudo-random and takes no flash: x' = 1664525 x + 1013904223 modulo
 * 2^32, of which the high bits are used. Expected, and computed at compile time, is the FNV-1a hash
 * of all outputs.
 */
#define SELFTEST_SEED 1u
#define SELFTEST_HASH 0xdaa30086u

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

motion_status motion_selftest(motion_t *model) {
  uint32_t hash = 2166136261u;
  uint32_t seed = SELFTEST_SEED;
  motion_status status = motion_reset(model);
  if (status != MOTION_OK) {
    return status;
  }
  for (uint32_t run = 0; run < 1u; run++) {
    seed = fill_s8(motion_input_window(model), MOTION_INPUT_WINDOW_SIZE, seed);
    status = motion_invoke(model);
    if (status != MOTION_OK) {
      return status;
    }
    hash = hash_bytes(motion_output_probability(model), MOTION_OUTPUT_PROBABILITY_BYTES, hash);
  }
  status = motion_reset(model);
  if (status != MOTION_OK) {
    return status;
  }
  return hash == SELFTEST_HASH ? MOTION_OK : MOTION_ERROR_SELFTEST;
}
