/*
 * digits: the calls of the model, in order. Generated: do not edit.
 *
 * model    digits.onnx
 * sha256   5c895c9974ea0d15c8a8f37703a06a3bb00af03a02d46bd0384f3c972817dc57
 * tool     nanoc 0.1.0
 * target   cortex-m4 (Armv7E-M with DSP and FPU)
 * command  nanoc build digits.onnx --target cortex-m4
 * arena    1584 bytes, the lower bound of this order
 *
 * flash, less code   bytes      RAM, less stack    bytes
 *   weights           4384       arena             1584
 *   table             1024       context              8
 *   parameters         492       total             1592
 *   total             5900
 */
#include "digits.h"

#include <string.h>

#include "nanoc/generated/nanoc_conv_dsp_4x4x24_4x4x32_k1x1_s1x1_p0x0_fixed4.h"
#include "nanoc/generated/nanoc_conv_dsp_8x8x12_8x8x24_k1x1_s1x1_p0x0_fixed_exact4.h"
#include "nanoc/generated/nanoc_conv_dsp_8x8x1_8x8x12_k3x3_s1x1_p1x1_fixed4.h"
#include "nanoc/generated/nanoc_depthwise_dsp_4x4x24_4x4_p1x1_fixed4.h"
#include "nanoc/generated/nanoc_depthwise_dsp_8x8x12_8x8_p1x1_fixed4.h"
#include "nanoc/generated/nanoc_matvec_dsp_128x10_wide_fixed_exact4.h"
#include "nanoc/pool.h"
#include "nanoc/reduce.h"
#include "nanoc/softmax.h"
#include "digits_weights.h"

/* Where each buffer lies in its block, in bytes, and the steps for which its bytes are needed. */
/* int8 1x1x8x8, "image", input, to step 1 */
#define IMAGE_OFFSET 72u
#define IMAGE_BYTES 64u
/* int8 1x8x8x1, "image__nhwc", input, to step 1 */
#define IMAGE_NHWC_OFFSET 72u
#define IMAGE_NHWC_BYTES 64u
/* scratch, step 1 */
#define STEM_SCRATCH_OFFSET 0u
#define STEM_SCRATCH_BYTES 72u
/* int8 1x8x8x12, "stem_relu_QuantizeLinear_Output__nhwc", steps 1 to 2 */
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_OFFSET 648u
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_BYTES 768u
/* scratch, step 2 */
#define DEPTHWISE1_SCRATCH_OFFSET 0u
#define DEPTHWISE1_SCRATCH_BYTES 480u
/* int8 1x8x8x12, "...ise1_relu_QuantizeLinear_Output__nhwc", steps 2 to 3 */
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_2_OFFSET 744u
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_2_BYTES 768u
/* int8 1x8x8x24, "...ise1_relu_QuantizeLinear_Output__nhwc", steps 3 to 4 */
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_3_OFFSET 0u
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_3_BYTES 1536u
/* scratch, step 3 */
#define POINTWISE1_SCRATCH_OFFSET 1536u
#define POINTWISE1_SCRATCH_BYTES 48u
/* int8 1x4x4x24, "pointwise1_pool_quantized__nhwc", steps 4 to 5 */
#define POINTWISE1_POOL_QUANTIZED_NHWC_OFFSET 0u
#define POINTWISE1_POOL_QUANTIZED_NHWC_BYTES 384u
/* int8 1x4x4x24, "...ise2_relu_QuantizeLinear_Output__nhwc", steps 5 to 6 */
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_4_OFFSET 96u
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_4_BYTES 384u
/* scratch, step 5 */
#define DEPTHWISE2_SCRATCH_OFFSET 480u
#define DEPTHWISE2_SCRATCH_BYTES 352u
/* scratch, step 6 */
#define POINTWISE2_SCRATCH_OFFSET 0u
#define POINTWISE2_SCRATCH_BYTES 96u
/* int8 1x4x4x32, "...ise2_relu_QuantizeLinear_Output__nhwc", steps 6 to 7 */
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_5_OFFSET 480u
#define RELU_QUANTIZELINEAR_OUTPUT_NHWC_5_BYTES 512u
/* int8 1x128, "features_QuantizeLinear_Output__moved", steps 7 to 8 */
#define QUANTIZELINEAR_OUTPUT_MOVED_OFFSET 40u
#define QUANTIZELINEAR_OUTPUT_MOVED_BYTES 128u
/* int8 1x2x2x32, "pointwise2_pool_quantized__nhwc", steps 7 to 8 */
#define POINTWISE2_POOL_QUANTIZED_NHWC_OFFSET 40u
#define POINTWISE2_POOL_QUANTIZED_NHWC_BYTES 128u
/* int8 1x10, "logits_QuantizeLinear_Output", steps 8 to 10 */
#define LOGITS_QUANTIZELINEAR_OUTPUT_OFFSET 24u
#define LOGITS_QUANTIZELINEAR_OUTPUT_BYTES 10u
/* scratch, step 8 */
#define CLASSIFIER_SCRATCH_OFFSET 168u
#define CLASSIFIER_SCRATCH_BYTES 256u
/* int8 1x10, "probability", step 9 to the end */
#define PROBABILITY_OFFSET 8u
#define PROBABILITY_BYTES 10u
/* int64 1, "digit", step 10 to the end */
#define DIGIT_OFFSET 0u
#define DIGIT_BYTES 8u

#define BUFFER_FITS(buffer, block_size) \
  NANOC_STATIC_ASSERT(buffer##_OFFSET + buffer##_BYTES <= (block_size), "buffer outside its block")
BUFFER_FITS(IMAGE, DIGITS_ARENA_SIZE);
BUFFER_FITS(IMAGE_NHWC, DIGITS_ARENA_SIZE);
BUFFER_FITS(STEM_SCRATCH, DIGITS_ARENA_SIZE);
BUFFER_FITS(RELU_QUANTIZELINEAR_OUTPUT_NHWC, DIGITS_ARENA_SIZE);
BUFFER_FITS(DEPTHWISE1_SCRATCH, DIGITS_ARENA_SIZE);
BUFFER_FITS(RELU_QUANTIZELINEAR_OUTPUT_NHWC_2, DIGITS_ARENA_SIZE);
BUFFER_FITS(RELU_QUANTIZELINEAR_OUTPUT_NHWC_3, DIGITS_ARENA_SIZE);
BUFFER_FITS(POINTWISE1_SCRATCH, DIGITS_ARENA_SIZE);
BUFFER_FITS(POINTWISE1_POOL_QUANTIZED_NHWC, DIGITS_ARENA_SIZE);
BUFFER_FITS(RELU_QUANTIZELINEAR_OUTPUT_NHWC_4, DIGITS_ARENA_SIZE);
BUFFER_FITS(DEPTHWISE2_SCRATCH, DIGITS_ARENA_SIZE);
BUFFER_FITS(POINTWISE2_SCRATCH, DIGITS_ARENA_SIZE);
BUFFER_FITS(RELU_QUANTIZELINEAR_OUTPUT_NHWC_5, DIGITS_ARENA_SIZE);
BUFFER_FITS(QUANTIZELINEAR_OUTPUT_MOVED, DIGITS_ARENA_SIZE);
BUFFER_FITS(POINTWISE2_POOL_QUANTIZED_NHWC, DIGITS_ARENA_SIZE);
BUFFER_FITS(LOGITS_QUANTIZELINEAR_OUTPUT, DIGITS_ARENA_SIZE);
BUFFER_FITS(CLASSIFIER_SCRATCH, DIGITS_ARENA_SIZE);
BUFFER_FITS(PROBABILITY, DIGITS_ARENA_SIZE);
BUFFER_FITS(DIGIT, DIGITS_ARENA_SIZE);
NANOC_STATIC_ASSERT(
    sizeof(digits_t) <= DIGITS_CONTEXT_SIZE,
    "context larger than planned");
NANOC_STATIC_ASSERT(sizeof(float) == 4u, "float must be IEEE 754 binary32");

static const nanoc_dsp_params stem_params = {
  .x_zero = -128, .y_zero = -128, .low = -128, .high = 127, .stream = digits_stem_weights,
  .segments = digits_stem_segments, .segment_count = 1,
};

static const nanoc_dsp_depthwise_params depthwise1_params = {
  .x_zeros = 2155905152u, .minus_zeros = 8388736, .y_zero = -128, .low = -128, .high = 127,
  .weights = digits_depthwise1_weights, .exact = NULL,
};

static const nanoc_dsp_params pointwise1_params = {
  .x_zero = -128, .y_zero = -128, .low = -128, .high = 127, .stream = digits_pointwise1_weights,
  .segments = digits_pointwise1_segments, .segment_count = 5,
};

static const nanoc_window pointwise1_pool_params = {
  .batches = 1, .in_h = 8, .in_w = 8, .channels = 24, .out_h = 4, .out_w = 4, .kernel_h = 2,
  .kernel_w = 2, .stride_h = 2, .stride_w = 2, .dilation_h = 1, .dilation_w = 1, .pad_top = 0,
  .pad_left = 0,
};

static const nanoc_dsp_depthwise_params depthwise2_params = {
  .x_zeros = 2155905152u, .minus_zeros = 8388736, .y_zero = -128, .low = -128, .high = 127,
  .weights = digits_depthwise2_weights, .exact = NULL,
};

static const nanoc_dsp_params pointwise2_params = {
  .x_zero = -128, .y_zero = -128, .low = -128, .high = 127, .stream = digits_pointwise2_weights,
  .segments = digits_pointwise2_segments, .segment_count = 1,
};

static const nanoc_window pointwise2_pool_params = {
  .batches = 1, .in_h = 4, .in_w = 4, .channels = 32, .out_h = 2, .out_w = 2, .kernel_h = 2,
  .kernel_w = 2, .stride_h = 2, .stride_w = 2, .dilation_h = 1, .dilation_w = 1, .pad_top = 0,
  .pad_left = 0,
};

static const nanoc_dsp_params classifier_params = {
  .x_zero = -128, .y_zero = -23, .low = -128, .high = 127, .stream = digits_classifier_weights,
  .segments = digits_classifier_segments, .segment_count = 3,
};

static const nanoc_softmax_s8_params softmax_params = {
  .outer = 1, .count = 10, .inner = 1, .table = digits_softmax_table, .cutoff = 129,
  .y_scale = 0.00390625f, .y_inverse = 256.0f, .y_zero = -128,
};

static const nanoc_arg_max_params arg_max_params = {
  .outer = 1, .size = 10, .inner = 1, .flip = 0, .last = 0,
};

/* One layer. A switch, not a table of functions: tools see every call and can bound the stack. */
static void run_step(digits_t *model, uint32_t step) {
  uint8_t *const arena = model->arena;
  switch (step) {
    case 0:
      /* [1/10] "stem" Conv, 1x8x8x1 -> 1x8x8x12, kernel 3x3, pad 1, per-channel */
      nanoc_conv_dsp_8x8x1_8x8x12_k3x3_s1x1_p1x1_fixed4(
          (const void *)&arena[IMAGE_NHWC_OFFSET],
          (void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_OFFSET],
          (void *)&arena[STEM_SCRATCH_OFFSET], &stem_params);
      break;
    case 1:
      /* [2/10] "depthwise1" Conv, 1x8x8x12 -> 1x8x8x12, kernel 3x3, pad 1, 12 groups,
       * per-channel */
      nanoc_depthwise_dsp_8x8x12_8x8_p1x1_fixed4(
          (const void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_OFFSET],
          (void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_2_OFFSET],
          (void *)&arena[DEPTHWISE1_SCRATCH_OFFSET], &depthwise1_params);
      break;
    case 2:
      /* [3/10] "pointwise1" Conv, 1x8x8x12 -> 1x8x8x24, kernel 1x1, per-channel; 4 of 24
       * channels are requantized in float: for them or a neighbour no multiplier is exact */
      nanoc_conv_dsp_8x8x12_8x8x24_k1x1_s1x1_p0x0_fixed_exact4(
          (const void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_2_OFFSET],
          (void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_3_OFFSET],
          (void *)&arena[POINTWISE1_SCRATCH_OFFSET], &pointwise1_params);
      break;
    case 3:
      /* [4/10] "pointwise1_pool" MaxPool, 1x8x8x24 -> 1x4x4x24, kernel 2x2, stride 2 */
      nanoc_max_pool_s8((const void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_3_OFFSET],
                        (void *)&arena[POINTWISE1_POOL_QUANTIZED_NHWC_OFFSET],
                        &pointwise1_pool_params);
      break;
    case 4:
      /* [5/10] "depthwise2" Conv, 1x4x4x24 -> 1x4x4x24, kernel 3x3, pad 1, 24 groups,
       * per-channel */
      nanoc_depthwise_dsp_4x4x24_4x4_p1x1_fixed4(
          (const void *)&arena[POINTWISE1_POOL_QUANTIZED_NHWC_OFFSET],
          (void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_4_OFFSET],
          (void *)&arena[DEPTHWISE2_SCRATCH_OFFSET], &depthwise2_params);
      break;
    case 5:
      /* [6/10] "pointwise2" Conv, 1x4x4x24 -> 1x4x4x32, kernel 1x1, per-channel */
      nanoc_conv_dsp_4x4x24_4x4x32_k1x1_s1x1_p0x0_fixed4(
          (const void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_4_OFFSET],
          (void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_5_OFFSET],
          (void *)&arena[POINTWISE2_SCRATCH_OFFSET], &pointwise2_params);
      break;
    case 6:
      /* [7/10] "pointwise2_pool" MaxPool, 1x4x4x32 -> 1x2x2x32, kernel 2x2, stride 2 */
      nanoc_max_pool_s8((const void *)&arena[RELU_QUANTIZELINEAR_OUTPUT_NHWC_5_OFFSET],
                        (void *)&arena[POINTWISE2_POOL_QUANTIZED_NHWC_OFFSET],
                        &pointwise2_pool_params);
      break;
    case 7:
      /* [8/10] "classifier" MatMul, 1x128 -> 1x10, per-channel; 4 of 10 channels are requantized
       * in float: for them or a neighbour no multiplier is exact */
      nanoc_matvec_dsp_128x10_wide_fixed_exact4(
          (const void *)&arena[QUANTIZELINEAR_OUTPUT_MOVED_OFFSET],
          (void *)&arena[LOGITS_QUANTIZELINEAR_OUTPUT_OFFSET],
          (void *)&arena[CLASSIFIER_SCRATCH_OFFSET], &classifier_params);
      break;
    case 8:
      /* [9/10] "softmax" Softmax, 1x10 -> 1x10, axis 1 */
      nanoc_softmax_s8((const void *)&arena[LOGITS_QUANTIZELINEAR_OUTPUT_OFFSET],
                       (void *)&arena[PROBABILITY_OFFSET], &softmax_params);
      break;
    case 9:
      /* [10/10] "arg_max" ArgMax, 1x10 -> 1, axis 1 */
      nanoc_arg_max_s8((const void *)&arena[LOGITS_QUANTIZELINEAR_OUTPUT_OFFSET],
                       (void *)&arena[DIGIT_OFFSET], &arg_max_params);
      break;
    default:
      break;
  }
}

digits_status digits_init(digits_t *model) {
  if (model != NULL && ((uintptr_t)model % DIGITS_CONTEXT_ALIGNMENT) != 0u) {
    return DIGITS_ERROR_ABI;
  }
  return digits_reset(model);
}

digits_status digits_reset(digits_t *model) {
  if (model == NULL) {
    return DIGITS_ERROR_NULL;
  }
  model->next_step = 0;
  return DIGITS_OK;
}

int8_t *digits_input_image(digits_t *model) {
  return (int8_t *)(void *)&model->arena[IMAGE_OFFSET];
}

const int8_t *digits_output_probability(const digits_t *model) {
  return (const int8_t *)(const void *)&model->arena[PROBABILITY_OFFSET];
}

const int64_t *digits_output_digit(const digits_t *model) {
  return (const int64_t *)(const void *)&model->arena[DIGIT_OFFSET];
}

digits_status digits_invoke(digits_t *model) {
  if (model == NULL) {
    return DIGITS_ERROR_NULL;
  }
  for (uint32_t step = 0; step < DIGITS_STEP_COUNT; step++) {
    run_step(model, step);
  }
  model->next_step = 0;
  return DIGITS_OK;
}

digits_status digits_step(digits_t *model) {
  if (model == NULL) {
    return DIGITS_ERROR_NULL;
  }
  const uint32_t step = model->next_step;
  run_step(model, step);
  if (step + 1u < DIGITS_STEP_COUNT) {
    model->next_step = step + 1u;
    return DIGITS_MORE;
  }
  model->next_step = 0;
  return DIGITS_OK;
}

/*
 * Self-test. The input is pseudo-random and takes no flash: x' = 1664525 x + 1013904223 modulo
 * 2^32, of which the high bits are used. Expected, and computed at compile time, is the FNV-1a hash
 * of all outputs.
 */
#define SELFTEST_SEED 1u
#define SELFTEST_HASH 0xea970954u

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

digits_status digits_selftest(digits_t *model) {
  uint32_t hash = 2166136261u;
  uint32_t seed = SELFTEST_SEED;
  digits_status status = digits_reset(model);
  if (status != DIGITS_OK) {
    return status;
  }
  for (uint32_t run = 0; run < 1u; run++) {
    seed = fill_s8(digits_input_image(model), DIGITS_INPUT_IMAGE_SIZE, seed);
    status = digits_invoke(model);
    if (status != DIGITS_OK) {
      return status;
    }
    hash = hash_bytes(digits_output_probability(model), DIGITS_OUTPUT_PROBABILITY_BYTES, hash);
    hash = hash_bytes(digits_output_digit(model), DIGITS_OUTPUT_DIGIT_BYTES, hash);
  }
  status = digits_reset(model);
  if (status != DIGITS_OK) {
    return status;
  }
  return hash == SELFTEST_HASH ? DIGITS_OK : DIGITS_ERROR_SELFTEST;
}
