/* Key-value caches of fixed size, one row for each position, and attention over them. */
#ifndef NANOC_CACHE_H
#define NANOC_CACHE_H

#include <string.h>

#include "nanoc/requantize.h"

/** A position as a model has it, int32 or int64, made to fit: what lies outside of int32 stays outside of any cache. */
static inline int32_t nanoc_position(const void *position, int32_t bytes) {
  if (bytes == 4) {
    return *(const int32_t *)position;
  }
  const int64_t wide = *(const int64_t *)position;
  return wide < 0 ? -1 : wide > INT32_MAX ? INT32_MAX : (int32_t)wide;
}

/** present = past with one row replaced. In place (present is past) nothing else is written; apart, all is copied. */
void nanoc_cache_update(const void *past, const void *row, const void *position, void *present, int32_t rows,
                        int32_t row_bytes, int32_t position_bytes);

typedef struct {
  int32_t blocks; /* each of so many rows, of which one is replaced */
  int32_t rows;
  int32_t row_bytes;
  int32_t position_bytes;
  int32_t from_end; /* a negative position counts from the end */
} nanoc_cache_update_blocks_params;

/** The same for rows in several blocks: row holds one for each of them. */
void nanoc_cache_update_blocks(const void *past, const void *row, const void *position, void *present,
                               const nanoc_cache_update_blocks_params *params);

/** present = in each block past without its first bytes, and behind it those of rows. present may be past, or lie before it. */
void nanoc_cache_shift(const void *past, const void *rows, void *present, int32_t blocks, int32_t block_bytes,
                       int32_t fresh_bytes);

/**
 * Attention of one token over a cache: for each of heads * group queries q of `dim` elements, with the keys and values of positions
 * 0 to `position`, which lie as [context][heads][dim]:
 *
 *     score = requantize(q * k), weight = quantize(softmax(score)), y = requantize(sum of weight * v)
 *
 * as nanoc_matmul_dynamic_s8 and nanoc_softmax_s8 compute them. A negative position weighs all positions alike.
 */
typedef struct {
  int32_t context;
  int32_t heads; /* of keys and values */
  int32_t group; /* queries for each of them */
  int32_t dim;
  int32_t position_bytes;
  int32_t q_zero;
  int32_t k_zero;
  int32_t v_zero;
  int32_t score_zero;
  int32_t weight_zero;
  int32_t y_zero;
  int32_t cutoff;     /* from this distance on, a weight is weight_zero */
  float score_scale;  /* of a sum of products q * k, on the way to a score */
  float weight_scale; /* of a weight */
  float y_scale;      /* of a sum of products weight * v, on the way to y */
  float weight_inverse; /* 1 / weight_scale where products give the same weights as the division, else 0 */
  const float *table; /* 256: exp of the distance from the largest score */
} nanoc_cached_attention_s8_params;

/** Scratch: `context` bytes. y may lie over q. */
void nanoc_cached_attention_s8(const int8_t *q, const int8_t *keys, const int8_t *values, const void *position, int8_t *y,
                               int8_t *scratch, const nanoc_cached_attention_s8_params *params);

typedef struct {
  int32_t context;
  int32_t heads;
  int32_t group;
  int32_t dim;
  int32_t position_bytes;
  int32_t position_step; /* elements of the caches from a position to the next */
  int32_t head_step;     /* and from a head to the next */
  float multiplier; /* of a score; one of the two is 1 */
  float divisor;
} nanoc_cached_attention_f32_params;

/** The same in float32, in ascending order of positions and elements. Scratch: `context` floats. y may lie over q. */
void nanoc_cached_attention_f32(const float *q, const float *keys, const float *values, const void *position, float *y,
                                float *scratch, const nanoc_cached_attention_f32_params *params);

#endif
