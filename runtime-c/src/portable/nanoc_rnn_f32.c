#include "nanoc/recurrent.h"

void nanoc_rnn_f32(const float *x, const float *h0, float *y, float *h, float *scratch,
                   const nanoc_recurrent_params *params) {
  const int32_t hidden = params->hidden;
  const int32_t blocks = NANOC_ROWS4(hidden);
  float *const sums = scratch + hidden;
  for (int32_t direction = 0; direction < params->directions; direction++) {
    const float *const w = params->w + direction * blocks * 4 * params->inputs;
    const float *const r = params->r + direction * blocks * 4 * hidden;
    const float *const bias = params->bias + direction * blocks * 4;
    for (int32_t batch = 0; batch < params->batch; batch++) {
      const int32_t state = direction * params->state_direction + batch * params->state_batch;
      nanoc_recurrent_begin(h0, state, scratch, hidden);
      for (int32_t step = 0; step < params->steps; step++) {
        const int32_t time = nanoc_recurrent_time(params, direction, step);
        nanoc_recurrent_begin(bias, 0, sums, blocks * 4);
        nanoc_rows4_f32(w, x + time * params->x_step + batch * params->x_batch, params->inputs, blocks, sums);
        nanoc_rows4_f32(r, scratch, hidden, blocks, sums);
        for (int32_t j = 0; j < hidden; j++) {
          scratch[j] = !params->relu ? nanoc_tanh(sums[j]) : sums[j] < 0.0f ? 0.0f : sums[j];
        }
        nanoc_recurrent_write(scratch, y, nanoc_recurrent_place(params, time, direction, batch), hidden);
      }
      nanoc_recurrent_write(scratch, h, state, hidden);
    }
  }
}
