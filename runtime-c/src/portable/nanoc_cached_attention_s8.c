#include "nanoc/cache.h"

/* Scores of one query; the largest is returned. */
static int32_t score(const int8_t *q, const int8_t *keys, int8_t *scores, int32_t count,
                     const nanoc_cached_attention_s8_params *params) {
  const int32_t dim = params->dim;
  const int32_t step = params->heads * dim;
  int32_t sum_q = 0;
  for (int32_t j = 0; j < dim; j++) {
    sum_q += q[j] - params->q_zero;
  }
  int32_t highest = -128;
  for (int32_t i = 0; i < count; i++) {
    int32_t sum = -params->k_zero * sum_q;
    for (int32_t j = 0; j < dim; j++) {
      sum += (q[j] - params->q_zero) * keys[j];
    }
    keys += step;
    const int32_t result = nanoc_requantize(sum, params->score_scale, params->score_zero, -128, 127);
    highest = result > highest ? result : highest;
    scores[i] = (int8_t)result;
  }
  return highest;
}

/* Scores become weights; their sum, less their zero points, is returned. */
static int32_t weigh(int8_t *scores, int32_t count, int32_t highest, const nanoc_cached_attention_s8_params *params) {
  float sum = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    sum = sum + params->table[highest - scores[i]];
  }
  const float inverse = 1.0f / sum;
  int32_t total = 0;
  for (int32_t i = 0; i < count; i++) {
    const int32_t distance = highest - scores[i];
    int32_t weight = params->weight_zero;
    if (distance < params->cutoff) {
      weight = nanoc_round_clamp(params->table[distance] * inverse / params->weight_scale, params->weight_zero, -128, 127);
    }
    total += weight - params->weight_zero;
    scores[i] = (int8_t)weight;
  }
  return total;
}

void nanoc_cached_attention_s8(const int8_t *q, const int8_t *keys, const int8_t *values, const void *position, int8_t *y,
                               int8_t *scratch, const nanoc_cached_attention_s8_params *params) {
  const int32_t dim = params->dim;
  const int32_t step = params->heads * dim;
  const int32_t at = nanoc_position(position, params->position_bytes);
  const int32_t count = at >= 0 && at < params->context ? at + 1 : params->context;
  for (int32_t query = 0; query < params->heads * params->group; query++) {
    const int32_t start = query / params->group * dim;
    int32_t highest = score(q, keys + start, scratch, count, params);
    for (int32_t i = 0; at < 0 && i < count; i++) {
      highest = 0;
      scratch[i] = 0;
    }
    const int32_t total = weigh(scratch, count, highest, params);
    for (int32_t j = 0; j < dim; j++) {
      const int8_t *value = values + start + j;
      int32_t sum = -params->v_zero * total;
      for (int32_t i = 0; i < count; i++) {
        sum += (scratch[i] - params->weight_zero) * *value;
        value += step;
      }
      y[j] = (int8_t)nanoc_requantize(sum, params->y_scale, params->y_zero, -128, 127);
    }
    q += dim;
    y += dim;
  }
}
