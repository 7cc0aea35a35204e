/* Recurrent layers in float32 (ONNX LSTM, GRU, RNN): all steps of all sequences, in one or both directions. */
#ifndef NANOC_RECURRENT_H
#define NANOC_RECURRENT_H

#include "nanoc/math.h"

/** Weights lie in blocks of four rows, [blocks][count][4]; rows of a block that no gate has are 0. */
#define NANOC_ROWS4(rows) (((rows) + 3) / 4)

typedef struct {
  int32_t steps;
  int32_t batch;
  int32_t directions;
  int32_t inputs;
  int32_t hidden;
  int32_t backwards; /* the first direction runs from the last step to the first; a second one always does */
  int32_t relu;      /* RNN: max(0, x) instead of tanh */
  int32_t reset_after; /* GRU: `linear_before_reset` */
  /* Elements from one step, sequence or direction to the next. */
  int32_t x_step;
  int32_t x_batch;
  int32_t y_step;
  int32_t y_batch;
  int32_t y_direction;
  int32_t state_batch;
  int32_t state_direction;
  const float *w;    /* [directions][rows of the cell][inputs] in blocks of four */
  const float *r;    /* [directions][rows of the cell][hidden] in blocks of four */
  const float *bias; /* [directions][sums of the cell] */
} nanoc_recurrent_params;

/** sums[row] = sums[row] + the products of a row with x, added in ascending order; 4 * blocks rows. */
void nanoc_rows4_f32(const float *weights, const float *x, int32_t count, int32_t blocks, float *sums);

/** Where step `step` of a direction lies in time. */
static inline int32_t nanoc_recurrent_time(const nanoc_recurrent_params *params, int32_t direction, int32_t step) {
  return direction == 1 || params->backwards ? params->steps - 1 - step : step;
}

/** A row of a state: as it was given, or zeros where it is NULL. */
static inline void nanoc_recurrent_begin(const float *given, int32_t offset, float *state, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    state[i] = given == NULL ? 0.0f : given[offset + i];
  }
}

/** Where the output of that time, direction and sequence lies. */
static inline int32_t nanoc_recurrent_place(const nanoc_recurrent_params *params, int32_t time, int32_t direction,
                                            int32_t batch) {
  return time * params->y_step + direction * params->y_direction + batch * params->y_batch;
}

/** Writes a row of a state, unless nobody wants it. */
static inline void nanoc_recurrent_write(const float *state, float *wanted, int32_t offset, int32_t count) {
  for (int32_t i = 0; wanted != NULL && i < count; i++) {
    wanted[offset + i] = state[i];
  }
}

/*
 * x, the initial states (NULL: zeros), y (every step), the last states; results that nobody wants are NULL. A last state may be the
 * initial one. The scratch is named at each.
 */

/** Rows: the gates i, o, f, c of unit 0, of unit 1, ... Scratch: 6 * hidden. */
void nanoc_lstm_f32(const float *x, const float *h0, const float *c0, float *y, float *h, float *c, float *scratch,
                    const nanoc_recurrent_params *params);

/**
 * Rows: z of all units, r of all units, filled up; then h of all units, filled up. The bias has h once more at its end, for the sums
 * over the hidden state. Scratch: hidden + 4 * (NANOC_ROWS4(2 * hidden) + 2 * NANOC_ROWS4(hidden)).
 */
void nanoc_gru_f32(const float *x, const float *h0, float *y, float *h, float *scratch,
                   const nanoc_recurrent_params *params);

/** Rows: the units. Scratch: hidden + 4 * NANOC_ROWS4(hidden). */
void nanoc_rnn_f32(const float *x, const float *h0, float *y, float *h, float *scratch,
                   const nanoc_recurrent_params *params);

#endif
