#include "nanoc/nbits4.h"

/* Sums of two columns share 32 bits: those of 32 elements fit sixteen each. */
enum { PART = 32 };

/* A row as the products read it. */
typedef struct {
  float *scales;   /* of each block */
  int32_t *totals; /* sum of each block */
  int32_t *starts; /* of each part: -8 times its sum, in both halves */
  int32_t *q;
} pairs_row;

static int32_t fill(const float *x, int32_t *q, int32_t count, int32_t padded, float inverse, int32_t plain) {
  int32_t total = 0;
  for (int32_t k = 0; k < count; k++) {
    q[k] = nanoc_nbits4_quantized(x[k], inverse, plain);
    total += q[k];
  }
  for (int32_t k = count; k < padded; k++) {
    q[k] = 0;
  }
  return total;
}

static void quantize_block(const float *x, pairs_row *row, int32_t b, const nanoc_nbits4_params *params) {
  const int32_t count = nanoc_nbits4_count(params, b);
  const int32_t padded = nanoc_nbits4_length(params, b);
  const float largest = nanoc_nbits_largest(x, count);
  const nanoc_nbits_scale own = nanoc_nbits_scale_of(largest);
  int32_t *q = row->q + b * params->block;
  row->scales[b] = own.scale;
  row->totals[b] = nanoc_nbits4_is_plain(largest) ? fill(x, q, count, padded, own.inverse, 1) : fill(x, q, count, padded, own.inverse, 0);
}

/* Parts never cross blocks: both are powers of two, or the last. */
static void start_parts(const pairs_row *row, int32_t padded, int32_t part) {
  for (int32_t k = 0; k < padded; k += part) {
    const int32_t end = k + part < padded ? k + part : padded;
    int32_t sum = 0;
    for (int32_t i = k; i < end; i++) {
      sum += row->q[i];
    }
    row->starts[k / part] = -8 * 65537 * sum;
  }
}

/* Both sums of a word: each is within 16 bits. */
static inline void part_sums(uint32_t both, int32_t *dots) {
  const int32_t low = (int16_t)(uint16_t)both;
  dots[0] += low;
  dots[1] += (int16_t)(uint16_t)((both - (uint32_t)low) >> 16);
}

static inline uint32_t nibbles(const int32_t *x, uint32_t word, uint32_t sum) {
  const uint32_t mask = 0x000F000Fu;
  sum += (uint32_t)x[0] * (word & mask);
  sum += (uint32_t)x[1] * ((word >> 4) & mask);
  sum += (uint32_t)x[2] * ((word >> 8) & mask);
  return sum + (uint32_t)x[3] * ((word >> 12) & mask);
}

static const uint32_t *group(const pairs_row *row, const uint32_t *w, float *y, int32_t first, const nanoc_nbits4_params *params) {
  const int32_t blocks = nanoc_nbits_blocks(params->inner, params->block);
  const int32_t *x = row->q;
  const int32_t *start = row->starts;
  for (int32_t b = 0; b < blocks; b++) {
    const int32_t *const end = x + nanoc_nbits4_length(params, b);
    int32_t dots[NANOC_NBITS4_GROUP] = {0, 0, 0, 0};
    while (x != end) {
      const int32_t *const stop = end - x > PART ? x + PART : end;
      uint32_t s0 = (uint32_t)*start++;
      uint32_t s1 = s0;
      while (x != stop) {
        s0 = nibbles(x, w[0], s0);
        s1 = nibbles(x, w[1], s1);
        x += 4;
        w += 2;
      }
      part_sums(s0, dots);
      part_sums(s1, dots + 2);
    }
    const int32_t at = (first / NANOC_NBITS4_GROUP * blocks + b) * NANOC_NBITS4_GROUP;
    const int8_t *zeros = params->zeros == NULL ? NULL : params->zeros + at;
    nanoc_nbits4_add(y, dots, row->scales[b], row->totals[b], params->scales + at, zeros);
  }
  return w;
}

void nanoc_matmul_nbits4_pairs(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params) {
  const int32_t blocks = nanoc_nbits_blocks(params->inner, params->block);
  const int32_t padded = nanoc_nbits4_padded(params->inner);
  const int32_t part = params->block < PART ? params->block : PART;
  pairs_row row;
  row.scales = scratch;
  row.totals = (int32_t *)(void *)(row.scales + blocks);
  row.q = row.totals + blocks;
  row.starts = row.q + padded;
  for (int32_t r = 0; r < params->rows; r++) {
    for (int32_t b = 0; b < blocks; b++) {
      quantize_block(x + b * params->block, &row, b, params);
    }
    start_parts(&row, padded, part);
    const uint32_t *w = params->weights;
    for (int32_t column = 0; column < params->columns; column += NANOC_NBITS4_GROUP) {
      const int32_t left = params->columns - column;
      float sums[NANOC_NBITS4_GROUP];
      nanoc_nbits4_copy(sums, nanoc_nbits4_bias(params, column), NANOC_NBITS4_GROUP);
      w = group(&row, w, sums, column, params);
      nanoc_nbits4_copy(y + column, sums, left < NANOC_NBITS4_GROUP ? left : NANOC_NBITS4_GROUP);
    }
    x += params->inner;
    y += params->columns;
  }
}
