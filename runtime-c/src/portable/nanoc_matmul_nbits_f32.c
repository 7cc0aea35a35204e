#include "nanoc/matmul_nbits.h"

void nanoc_matmul_nbits_f32(const float *x, float *y, const nanoc_matmul_nbits_params *params) {
  const int32_t block = params->block;
  const int32_t blocks = nanoc_nbits_blocks(params->inner, block);
  for (int32_t row = 0; row < params->rows; row++) {
    for (int32_t column = 0; column < params->columns; column++) {
      float sum = params->bias == NULL ? 0.0f : params->bias[column];
      const uint8_t *weights = params->weights + column * blocks * (block * params->bits / 8);
      for (int32_t b = 0; b < blocks; b++) {
        const float scale = params->scales[column * blocks + b];
        const int32_t zero = nanoc_block_zero(params, blocks, column, b);
        const int32_t end = params->inner < (b + 1) * block ? params->inner : (b + 1) * block;
        for (int32_t k = b * block; k < end; k++) {
          const float weight = (float)(nanoc_field(weights, k, params->bits) - zero) * scale;
          sum = sum + x[k] * weight;
        }
      }
      *y++ = sum;
    }
    x += params->inner;
  }
}
