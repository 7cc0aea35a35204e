#include "nanoc/recurrent.h"

/** One step: h and c become the next, from the bias on. */
static void nanoc_lstm_f32_step(const float *x, const float *w, const float *r, float *h, float *c, float *sums,
                                const nanoc_recurrent_params *params) {
  nanoc_rows4_f32(w, x, params->inputs, params->hidden, sums);
  nanoc_rows4_f32(r, h, params->hidden, params->hidden, sums);
  for (int32_t j = 0; j < params->hidden; j++) {
    const float input = nanoc_sigmoid(sums[0]);
    const float output = nanoc_sigmoid(sums[1]);
    const float forget = nanoc_sigmoid(sums[2]);
    c[j] = forget * c[j] + input * nanoc_tanh(sums[3]);
    h[j] = output * nanoc_tanh(c[j]);
    sums += 4;
  }
}

void nanoc_lstm_f32(const float *x, const float *h0, const float *c0, float *y, float *h, float *c, float *scratch,
                    const nanoc_recurrent_params *params) {
  const int32_t hidden = params->hidden;
  float *const own_c = scratch + hidden;
  float *const sums = own_c + hidden;
  for (int32_t direction = 0; direction < params->directions; direction++) {
    const float *const w = params->w + direction * hidden * 4 * params->inputs;
    const float *const r = params->r + direction * hidden * 4 * hidden;
    const float *const bias = params->bias + direction * hidden * 4;
    for (int32_t batch = 0; batch < params->batch; batch++) {
      const int32_t state = direction * params->state_direction + batch * params->state_batch;
      nanoc_recurrent_begin(h0, state, scratch, hidden);
      nanoc_recurrent_begin(c0, state, own_c, hidden);
      for (int32_t step = 0; step < params->steps; step++) {
        const int32_t time = nanoc_recurrent_time(params, direction, step);
        nanoc_recurrent_begin(bias, 0, sums, hidden * 4);
        nanoc_lstm_f32_step(x + time * params->x_step + batch * params->x_batch, w, r, scratch, own_c, sums, params);
        nanoc_recurrent_write(scratch, y, nanoc_recurrent_place(params, time, direction, batch), hidden);
      }
      nanoc_recurrent_write(scratch, h, state, hidden);
      nanoc_recurrent_write(own_c, c, state, hidden);
    }
  }
}
