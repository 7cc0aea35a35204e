#include "nanoc/cache.h"
#include "nanoc/math.h"

static void weigh(const float *q, const float *keys, float *weights, int32_t count,
                  const nanoc_cached_attention_f32_params *params) {
  const int32_t step = params->position_step;
  float highest = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    float sum = 0.0f;
    for (int32_t j = 0; j < params->dim; j++) {
      sum = sum + q[j] * keys[j];
    }
    keys += step;
    sum = sum * params->multiplier / params->divisor;
    highest = i == 0 || sum > highest ? sum : highest;
    weights[i] = sum;
  }
  float total = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    weights[i] = nanoc_exp(weights[i] - highest);
    total = total + weights[i];
  }
  const float inverse = 1.0f / total;
  for (int32_t i = 0; i < count; i++) {
    weights[i] = weights[i] * inverse;
  }
}

void nanoc_cached_attention_f32(const float *q, const float *keys, const float *values, const void *position, float *y,
                                float *scratch, const nanoc_cached_attention_f32_params *params) {
  const int32_t dim = params->dim;
  const int32_t step = params->position_step;
  const int32_t at = nanoc_position(position, params->position_bytes);
  const int32_t count = at >= 0 && at < params->context ? at + 1 : params->context;
  for (int32_t query = 0; query < params->heads * params->group; query++) {
    const int32_t start = query / params->group * params->head_step;
    if (at < 0) {
      for (int32_t i = 0; i < count; i++) {
        scratch[i] = 1.0f / (float)count;
      }
    } else {
      weigh(q, keys + start, scratch, count, params);
    }
    for (int32_t j = 0; j < dim; j++) {
      const float *value = values + start + j;
      float sum = 0.0f;
      for (int32_t i = 0; i < count; i++) {
        sum = sum + scratch[i] * *value;
        value += step;
      }
      y[j] = sum;
    }
    q += dim;
    y += dim;
  }
}
