#include "nanoc/cache_rows.h"

static float element(const uint8_t *row, int32_t i, int32_t form) {
  if (form == NANOC_CACHE_F16) {
    return nanoc_row_f16(row, i);
  }
  return form == NANOC_CACHE_INT8 ? nanoc_row_int8(row, i) : nanoc_row_int4(row, i);
}

static float scale_of(const uint8_t *row, int32_t form) { return form == NANOC_CACHE_F16 ? 1.0f : nanoc_row_scale(row); }

/* Scores of one query become weights. */
static void weigh(const float *q, const uint8_t *keys, int32_t first, float *weights, int32_t count,
                  const nanoc_cached_attention_rows_params *params) {
  float highest = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    float sum = 0.0f;
    for (int32_t j = 0; j < params->dim; j++) {
      sum = sum + q[j] * element(keys, first + j, params->form);
    }
    sum = sum * scale_of(keys, params->form) * params->multiplier / params->divisor;
    keys += params->row_bytes;
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

void nanoc_cached_attention_rows(const float *q, const uint8_t *keys, const uint8_t *values, const void *position, float *y,
                                 float *scratch, const nanoc_cached_attention_rows_params *params) {
  const int32_t dim = params->dim;
  const int32_t at = nanoc_position(position, params->position_bytes);
  const int32_t count = at >= 0 && at < params->context ? at + 1 : params->context;
  for (int32_t query = 0; query < params->heads * params->group; query++) {
    const int32_t head = query / params->group;
    const int32_t start = head * params->head_rows * params->row_bytes;
    const int32_t first = head * params->head_elements;
    if (at < 0) {
      for (int32_t i = 0; i < count; i++) {
        scratch[i] = 1.0f / (float)count;
      }
    } else {
      weigh(q, keys + start, first, scratch, count, params);
    }
    const uint8_t *row = values + start;
    for (int32_t i = 0; i < count; i++) {
      scratch[i] = scratch[i] * scale_of(row, params->form);
      row += params->row_bytes;
    }
    for (int32_t j = 0; j < dim; j++) {
      row = values + start;
      float sum = 0.0f;
      for (int32_t i = 0; i < count; i++) {
        sum = sum + scratch[i] * element(row, first + j, params->form);
        row += params->row_bytes;
      }
      y[j] = sum;
    }
    q += dim;
    y += dim;
  }
}
