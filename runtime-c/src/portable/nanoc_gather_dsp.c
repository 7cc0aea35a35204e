#include "nanoc/gather_packed.h"
#include "nanoc/move.h"

/* Channels that a group holds, and the words behind its weights: multipliers and addends, or scales. */
enum { GROUP = 4, FIXED = 8, EXACT = 4 };

/* Weights of the group of channel `row`, which becomes the channel within it. */
static const uint32_t *group_of(int32_t *row, const nanoc_gather_dsp_params *params) {
  for (const int32_t *s = params->segments;; s += 4) {
    const int32_t words = params->starts + params->table.inner + (s[0] == 0 ? FIXED : EXACT);
    const int32_t group = (*row - s[1]) / GROUP;
    if (*row >= s[1] && s[2] + group * words < s[3]) {
      *row = (*row - s[1]) % GROUP;
      return params->stream + s[2] + group * words + params->starts;
    }
  }
}

/* Element k of channel c of a group: eight of a pair of channels come before those of the other. */
static int32_t weight_of(const uint32_t *w, int32_t c, int32_t k, int32_t inner) {
  const int32_t block = k / 8 * 8;
  const int32_t words = inner - block < 8 ? 2 : 4;
  const uint32_t word = w[block + c / 2 * words + (k - block) / 4 * 2 + (k & 1)];
  const int32_t both = (int16_t)(uint16_t)(word >> (k & 2) * 8);
  const int32_t first = (int8_t)(uint8_t)((uint32_t)both & 0xFFu);
  return (c & 1) == 0 ? first : (both - first) / 256;
}

void nanoc_gather_dsp(const void *indices, float *y, const nanoc_gather_dsp_params *params) {
  const nanoc_packed_rows *table = &params->table;
  for (int32_t i = 0; i < table->indices; i++) {
    int32_t row = nanoc_index_at(indices, i, table->index_bytes, table->rows);
    const float scale = params->scales[row];
    const uint32_t *w = group_of(&row, params);
    for (int32_t k = 0; k < table->inner; k++) {
      *y++ = (float)weight_of(w, row, k, table->inner) * scale;
    }
  }
}
