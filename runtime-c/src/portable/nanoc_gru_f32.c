#include "nanoc/recurrent.h"

/** What a step needs of one direction. */
typedef struct {
  const float *w;
  const float *r;
  const float *bias;
} nanoc_gru_f32_weights;

/** One step: h becomes the next. `sums` has room for z and r, for h, and for h over the hidden state. */
static void nanoc_gru_f32_step(const float *x, const nanoc_gru_f32_weights *weights, float *h, float *sums,
                               const nanoc_recurrent_params *params) {
  const int32_t hidden = params->hidden;
  const int32_t gates = NANOC_ROWS4(2 * hidden);
  const int32_t blocks = NANOC_ROWS4(hidden);
  float *const candidate = sums + gates * 4;
  float *const state = candidate + blocks * 4;
  nanoc_recurrent_begin(weights->bias, 0, sums, (gates + 2 * blocks) * 4);
  nanoc_rows4_f32(weights->w, x, params->inputs, gates + blocks, sums);
  nanoc_rows4_f32(weights->r, h, hidden, gates, sums);
  for (int32_t j = 0; j < 2 * hidden; j++) {
    sums[j] = nanoc_sigmoid(sums[j]);
  }
  const float *const reset = sums + hidden;
  const float *const recurrent = weights->r + gates * 4 * hidden;
  if (params->reset_after) {
    nanoc_rows4_f32(recurrent, h, hidden, blocks, state);
    for (int32_t j = 0; j < hidden; j++) {
      candidate[j] = candidate[j] + reset[j] * state[j];
    }
  } else {
    for (int32_t j = 0; j < hidden; j++) {
      state[j] = reset[j] * h[j];
    }
    nanoc_rows4_f32(recurrent, state, hidden, blocks, candidate);
  }
  for (int32_t j = 0; j < hidden; j++) {
    h[j] = (1.0f - sums[j]) * nanoc_tanh(candidate[j]) + sums[j] * h[j];
  }
}

void nanoc_gru_f32(const float *x, const float *h0, float *y, float *h, float *scratch,
                   const nanoc_recurrent_params *params) {
  const int32_t hidden = params->hidden;
  const int32_t rows = 4 * (NANOC_ROWS4(2 * hidden) + NANOC_ROWS4(hidden));
  for (int32_t direction = 0; direction < params->directions; direction++) {
    const nanoc_gru_f32_weights weights = {
        params->w + direction * rows * params->inputs,
        params->r + direction * rows * hidden,
        params->bias + direction * (rows + 4 * NANOC_ROWS4(hidden)),
    };
    for (int32_t batch = 0; batch < params->batch; batch++) {
      const int32_t state = direction * params->state_direction + batch * params->state_batch;
      nanoc_recurrent_begin(h0, state, scratch, hidden);
      for (int32_t step = 0; step < params->steps; step++) {
        const int32_t time = nanoc_recurrent_time(params, direction, step);
        const float *const now = x + time * params->x_step + batch * params->x_batch;
        nanoc_gru_f32_step(now, &weights, scratch, scratch + hidden, params);
        nanoc_recurrent_write(scratch, y, nanoc_recurrent_place(params, time, direction, batch), hidden);
      }
      nanoc_recurrent_write(scratch, h, state, hidden);
    }
  }
}
