#include "nanoc/cache.h"

/* Scores of one query; the largest is returned. */
static int32_t score(const int8_t *q, const int8_t *keys, int8_t *scores, int32_t count,
                     const nanoc_cached_attention_s8_params *params) {
  /* Copies: a byte that is written could be one of the parameters, for all that the compiler knows. */
  const int32_t dim = params->dim;
  const int32_t step = params->heads * dim;
  const int32_t q_zero = params->q_zero;
  const int32_t score_zero = params->score_zero;
  const float score_scale = params->score_scale;
  int32_t sum_q = 0;
  for (int32_t j = 0; j < dim; j++) {
    sum_q += q[j] - q_zero;
  }
  const int32_t start = -params->k_zero * sum_q;
  int32_t highest = -128;
  for (int32_t i = 0; i < count; i++) {
    int32_t sum = start;
    for (int32_t j = 0; j < dim; j++) {
      sum += (q[j] - q_zero) * keys[j];
    }
    keys += step;
    const int32_t result = nanoc_requantize_s8(sum, score_scale, score_zero);
    highest = result > highest ? result : highest;
    scores[i] = (int8_t)result;
  }
  return highest;
}

/* Scores become weights; their sum, less their zero points, is returned. */
static int32_t weigh(int8_t *scores, int32_t count, int32_t highest, const nanoc_cached_attention_s8_params *params) {
  const float *table = params->table + highest;
  const int32_t lowest = highest - params->cutoff; /* scores up to this one have no weight */
  const int32_t weight_zero = params->weight_zero;
  const float weight_scale = params->weight_scale;
  float sum = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    sum = sum + table[-scores[i]];
  }
  const float inverse = 1.0f / sum;
  int32_t total = 0;
  for (int32_t i = 0; i < count; i++) {
    const int32_t own = scores[i];
    int32_t weight = weight_zero;
    if (own > lowest) {
      weight = nanoc_round_s8(table[-own] * inverse / weight_scale, weight_zero);
    }
    total += weight - weight_zero;
    scores[i] = (int8_t)weight;
  }
  return total;
}

/* Four elements of y, or fewer: sums over the positions. */
static void gather(const int8_t *weights, const int8_t *values, int8_t *y, int32_t count, int32_t elements, int32_t total,
                   const nanoc_cached_attention_s8_params *params) {
  const int32_t step = params->heads * params->dim;
  const int32_t weight_zero = params->weight_zero;
  int32_t sum[4] = {0, 0, 0, 0};
  if (elements == 4) {
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    for (int32_t i = 0; i < count; i++) {
      const int32_t weight = weights[i] - weight_zero;
      a += weight * values[0];
      b += weight * values[1];
      c += weight * values[2];
      d += weight * values[3];
      values += step;
    }
    sum[0] = a;
    sum[1] = b;
    sum[2] = c;
    sum[3] = d;
  } else {
    for (int32_t i = 0; i < count; i++) {
      for (int32_t j = 0; j < elements; j++) {
        sum[j] += (weights[i] - weight_zero) * values[j];
      }
      values += step;
    }
  }
  for (int32_t j = 0; j < elements; j++) {
    y[j] = (int8_t)nanoc_requantize_s8(sum[j] - params->v_zero * total, params->y_scale, params->y_zero);
  }
}

void nanoc_cached_attention_s8(const int8_t *q, const int8_t *keys, const int8_t *values, const void *position, int8_t *y,
                               int8_t *scratch, const nanoc_cached_attention_s8_params *params) {
  const int32_t dim = params->dim;
  const int32_t at = nanoc_position(position, params->position_bytes);
  const int32_t count = at >= 0 && at < params->context ? at + 1 : params->context;
  for (int32_t query = 0; query < params->heads * params->group; query++) {
    const int32_t start = query / params->group * dim;
    int32_t highest = score(q, keys + start, scratch, count, params);
    if (at < 0) {
      highest = 0;
      (void)memset(scratch, 0, (size_t)count);
    }
    const int32_t total = weigh(scratch, count, highest, params);
    for (int32_t j = 0; j < dim; j += 4) {
      gather(scratch, values + start + j, y + j, count, dim - j < 4 ? dim - j : 4, total, params);
    }
    q += dim;
    y += dim;
  }
}
