#include "nanoc/gather_blocks.h"

#include "nanoc/move.h"

static int32_t number_at(const uint8_t *bytes, int32_t i, const nanoc_gather_blocks_params *p) {
  return p->is_signed != 0 ? ((const int8_t *)bytes)[i] : nanoc_field(bytes, i, p->bits);
}

static int32_t zero_of(const nanoc_gather_blocks_params *p, int32_t blocks, int32_t row, int32_t b) {
  if (p->zeros == NULL) {
    return p->is_signed != 0 ? 0 : 1 << (p->bits - 1);
  }
  return number_at(p->zeros + row * ((blocks * p->bits + 7) / 8), b, p);
}

void nanoc_gather_blocks(const void *indices, float *y, const nanoc_gather_blocks_params *params) {
  const int32_t block = params->block;
  const int32_t blocks = (params->inner + block - 1) / block;
  for (int32_t i = 0; i < params->indices; i++) {
    const int32_t row = nanoc_index_at(indices, i, params->index_bytes, params->rows);
    const uint8_t *weights = params->weights + row * params->stride;
    for (int32_t b = 0; b < blocks; b++) {
      const float scale = params->scales[row * blocks + b];
      const int32_t zero = zero_of(params, blocks, row, b);
      const int32_t end = params->inner - b * block < block ? params->inner : (b + 1) * block;
      for (int32_t k = b * block; k < end; k++) {
        *y++ = (float)(number_at(weights, k, params) - zero) * scale;
      }
    }
  }
}
