#include "nanoc/gather_packed.h"
#include "nanoc/move.h"

/* Element k of column c of a group. */
static int32_t field_of(const uint32_t *w, int32_t c, int32_t k, int32_t elements) {
  int32_t bit;
  if (elements == 2) {
    bit = 16 * k + 4 * c;
  } else if (elements == 4) {
    bit = k / 4 * 64 + 16 * c + k % 4 * 4;
  } else {
    bit = k / 16 * 256 + c / 2 * 128 + k % 16 * 8 + c % 2 * 4;
  }
  const int32_t field = (int32_t)((w[bit / 32] >> (uint32_t)(bit % 32)) & 15u);
  return elements == 2 && c == 3 ? field ^ 8 : field;
}

void nanoc_gather_nbits4(const void *indices, float *y, const nanoc_gather_nbits4_params *params) {
  const nanoc_packed_rows *table = &params->table;
  const int32_t blocks = nanoc_nbits_blocks(table->inner, params->block);
  const int32_t words = nanoc_nbits4_padded(table->inner) / 2;
  for (int32_t i = 0; i < table->indices; i++) {
    const int32_t row = nanoc_index_at(indices, i, table->index_bytes, table->rows);
    const int32_t group = row / NANOC_NBITS4_GROUP;
    const int32_t c = row % NANOC_NBITS4_GROUP;
    for (int32_t k = 0; k < table->inner; k++) {
      const int32_t at = (group * blocks + k / params->block) * NANOC_NBITS4_GROUP + c;
      const int32_t zero = params->zeros == NULL ? 8 : params->zeros[at] + 8;
      *y++ = (float)(field_of(params->weights + group * words, c, k, params->elements) - zero) * params->scales[at];
    }
  }
}
