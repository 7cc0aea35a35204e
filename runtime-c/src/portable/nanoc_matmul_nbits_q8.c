#include "nanoc/matmul_nbits.h"

static int8_t *quantize_blocks(const float *x, float *scales, const nanoc_matmul_nbits_params *params) {
  const int32_t block = params->block;
  const int32_t blocks = nanoc_nbits_blocks(params->inner, block);
  int8_t *q = (int8_t *)(void *)(scales + blocks);
  for (int32_t b = 0; b < blocks; b++) {
    const int32_t end = params->inner < (b + 1) * block ? params->inner : (b + 1) * block;
    const nanoc_nbits_scale own = nanoc_nbits_scale_of(nanoc_nbits_largest(x + b * block, end - b * block));
    scales[b] = own.scale;
    for (int32_t k = b * block; k < end; k++) {
      q[k] = (int8_t)nanoc_round_clamp(x[k] * own.inverse, 0, -127, 127);
    }
  }
  return q;
}

void nanoc_matmul_nbits_q8(const float *x, float *y, void *scratch, const nanoc_matmul_nbits_params *params) {
  const int32_t block = params->block;
  const int32_t blocks = nanoc_nbits_blocks(params->inner, block);
  float *scales = scratch;
  for (int32_t row = 0; row < params->rows; row++) {
    const int8_t *q = quantize_blocks(x, scales, params);
    for (int32_t column = 0; column < params->columns; column++) {
      float sum = params->bias == NULL ? 0.0f : params->bias[column];
      const uint8_t *weights = params->weights + column * blocks * (block * params->bits / 8);
      for (int32_t b = 0; b < blocks; b++) {
        const int32_t zero = nanoc_block_zero(params, blocks, column, b);
        const int32_t end = params->inner < (b + 1) * block ? params->inner : (b + 1) * block;
        int32_t dot = 0;
        for (int32_t k = b * block; k < end; k++) {
          dot += q[k] * (nanoc_field(weights, k, params->bits) - zero);
        }
        sum = sum + (float)dot * (scales[b] * params->scales[column * blocks + b]);
      }
      *y++ = sum;
    }
    x += params->inner;
  }
}
