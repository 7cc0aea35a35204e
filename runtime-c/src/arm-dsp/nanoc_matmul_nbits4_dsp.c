#include "nanoc/dual.h"
#include "nanoc/matmul_nbits.h"

/* A row as the products read it, a block at a time. */
typedef struct {
  float *scales;
  int32_t *sums;   /* of a block */
  uint32_t *pairs; /* elements (0, 4), (1, 5), (2, 6), (3, 7) of every eight, as halfwords */
} nbits_row;

static int32_t blocks_of(const nanoc_matmul_nbits_params *params) {
  return (params->inner + params->block - 1) / params->block;
}

static inline int32_t quantized(float x, float inverse) { return nanoc_round_clamp(x * inverse, 0, -127, 127); }

static void quantize_block(const float *x, int32_t count, int32_t block, float *scale, int32_t *sum, uint32_t *pairs) {
  float largest = 0.0f;
  for (int32_t k = 0; k < count; k++) {
    const float size = x[k] < 0.0f ? -x[k] : x[k];
    largest = size > largest ? size : largest;
  }
  const float inverse = largest == 0.0f ? 0.0f : 127.0f / largest;
  *scale = largest / 127.0f;
  int32_t total = 0;
  int32_t start = 0;
  for (; start + 8 <= count; start += 8) {
    for (int32_t k = 0; k < 4; k++) {
      const int32_t low = quantized(x[start + k], inverse);
      const int32_t high = quantized(x[start + k + 4], inverse);
      total += low + high;
      *pairs++ = nanoc_dual_pack(low, high);
    }
  }
  /* What is left of the row, and zeros. */
  for (; start < block; start += 8) {
    for (int32_t k = 0; k < 4; k++) {
      const int32_t low = start + k < count ? quantized(x[start + k], inverse) : 0;
      const int32_t high = start + k + 4 < count ? quantized(x[start + k + 4], inverse) : 0;
      total += low + high;
      *pairs++ = nanoc_dual_pack(low, high);
    }
  }
  *sum = total;
}

static void quantize_row(const float *x, const nbits_row *row, const nanoc_matmul_nbits_params *params) {
  const int32_t blocks = blocks_of(params);
  for (int32_t b = 0; b < blocks; b++) {
    const int32_t rest = params->inner - b * params->block;
    const int32_t count = rest < params->block ? rest : params->block;
    quantize_block(x, count, params->block, row->scales + b, row->sums + b, row->pairs + b * (params->block / 2));
    x += count;
  }
}

static inline uint32_t load_word(const uint8_t *bytes) {
  uint32_t word;
  (void)memcpy(&word, bytes, 4);
  return word;
}

/* sum + eight products; nibbles 0 and 4 of a word lie in halfwords of their own after a mask, and so on. */
static inline int32_t eight(const uint32_t *pairs, uint32_t word, uint32_t mask, int32_t sum) {
  sum = nanoc_dual_both(pairs[0], word & mask, sum);
  sum = nanoc_dual_both(pairs[1], nanoc_dual_field(word, 4, mask), sum);
  sum = nanoc_dual_both(pairs[2], nanoc_dual_field(word, 8, mask), sum);
  return nanoc_dual_both(pairs[3], nanoc_dual_field(word, 12, mask), sum);
}

static inline float bias_of(const nanoc_matmul_nbits_params *params, int32_t column) {
  return params->bias == NULL ? 0.0f : params->bias[column];
}

/* Two columns without zero points of their own. */
static void two_columns(const nbits_row *row, float *y, int32_t column, const nanoc_matmul_nbits_params *params) {
  const int32_t blocks = blocks_of(params);
  const int32_t bytes = params->block / 2;
  const uint32_t mask = 0x000F000Fu;
  const uint8_t *first = params->weights + column * blocks * bytes;
  const uint8_t *second = first + blocks * bytes;
  const float *scales = params->scales + column * blocks;
  const float *other = scales + blocks;
  const float *x_scales = row->scales;
  const int32_t *sums = row->sums;
  const uint32_t *pairs = row->pairs;
  const float *const last = x_scales + blocks;
  float y0 = bias_of(params, column);
  float y1 = bias_of(params, column + 1);
  while (x_scales != last) {
    const uint32_t *const end = pairs + bytes;
    int32_t s0 = -8 * *sums++;
    int32_t s1 = s0;
    while (pairs != end) {
      s0 = eight(pairs, load_word(first), mask, s0);
      s1 = eight(pairs, load_word(second), mask, s1);
      first += 4;
      second += 4;
      pairs += 4;
    }
    y0 = y0 + (float)s0 * (*x_scales * *scales++);
    y1 = y1 + (float)s1 * (*x_scales++ * *other++);
  }
  y[0] = y0;
  y[1] = y1;
}

static void one_column(const nbits_row *row, float *y, int32_t column, const nanoc_matmul_nbits_params *params) {
  const int32_t blocks = blocks_of(params);
  const int32_t words = params->block / 8;
  const uint8_t *weights = params->weights + column * blocks * words * 4;
  const uint32_t *pairs = row->pairs;
  float sum = bias_of(params, column);
  for (int32_t b = 0; b < blocks; b++) {
    int32_t dot = -nanoc_block_zero(params, blocks, column, b) * row->sums[b];
    for (int32_t w = 0; w < words; w++) {
      dot = eight(pairs, load_word(weights), 0x000F000Fu, dot);
      pairs += 4;
      weights += 4;
    }
    sum = sum + (float)dot * (row->scales[b] * params->scales[column * blocks + b]);
  }
  *y = sum;
}

void nanoc_matmul_nbits4_dsp(const float *x, float *y, void *scratch, const nanoc_matmul_nbits_params *params) {
  const int32_t blocks = blocks_of(params);
  nbits_row row;
  row.scales = scratch;
  row.sums = (int32_t *)(void *)(row.scales + blocks);
  row.pairs = (uint32_t *)(void *)(row.sums + blocks);
  for (int32_t r = 0; r < params->rows; r++) {
    quantize_row(x, &row, params);
    int32_t column = 0;
    for (; params->zeros == NULL && column + 1 < params->columns; column += 2) {
      two_columns(&row, y + column, column, params);
    }
    for (; column < params->columns; column++) {
      one_column(&row, y + column, column, params);
    }
    x += params->inner;
    y += params->columns;
  }
}
