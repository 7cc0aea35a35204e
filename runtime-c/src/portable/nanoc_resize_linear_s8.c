#include "nanoc/resize.h"

/* The four neighbours of an output pixel. */
typedef struct {
  const int8_t *at[4]; /* top left, top right, bottom left, bottom right */
  int32_t oy;
  int32_t ox;
} neighbours;

static float real(const nanoc_resize_linear_s8_params *p, int8_t x) { return (float)(x - p->x_zero) * p->x_scale; }

/* The definition. */
static NANOC_NOINLINE int8_t exact(const nanoc_resize_linear_s8_params *p, const neighbours *n, int32_t channel) {
  const nanoc_between *rows = &p->linear.rows;
  const nanoc_between *columns = &p->linear.columns;
  float sum = columns->first_weight[n->ox] * rows->first_weight[n->oy] * real(p, n->at[0][channel]);
  sum = sum + columns->second_weight[n->ox] * rows->first_weight[n->oy] * real(p, n->at[1][channel]);
  sum = sum + columns->first_weight[n->ox] * rows->second_weight[n->oy] * real(p, n->at[2][channel]);
  sum = sum + columns->second_weight[n->ox] * rows->second_weight[n->oy] * real(p, n->at[3][channel]);
  return (int8_t)nanoc_round_clamp(sum / p->y_scale, p->y_zero, p->low, p->high);
}

/* A product of two weights of 14 bits, rounded to 14 bits. */
static inline int32_t weight_of(int32_t column, int32_t row) { return (column * row + (1 << 13)) >> 14; }

/* In fixed point; in float where that is within `near` of a tie. */
static void pixel(const nanoc_resize_linear_s8_params *p, const neighbours *n, int8_t *y) {
  const int32_t first_row = p->rows_fixed[2 * n->oy];
  const int32_t second_row = p->rows_fixed[2 * n->oy + 1];
  const int32_t first_column = p->columns_fixed[2 * n->ox];
  const int32_t second_column = p->columns_fixed[2 * n->ox + 1];
  const int32_t a = weight_of(first_column, first_row);
  const int32_t b = weight_of(second_column, first_row);
  const int32_t c = weight_of(first_column, second_row);
  const int32_t d = weight_of(second_column, second_row);
  const int32_t start = -p->x_zero * (a + b + c + d);
  const int32_t factor = p->factor;
  const int32_t shift = p->shift;
  const int32_t half = (1 << shift) >> 1;
  const uint32_t mask = (1u << shift) - 1u;
  const int32_t lowest = half - p->near;
  const uint32_t ties = 2u * (uint32_t)p->near;
  const int8_t *const top = n->at[0];
  const int32_t right = (int32_t)(n->at[1] - top);
  const int8_t *const bottom = n->at[2];
  const int32_t channels = p->linear.channels;
  for (int32_t channel = 0; channel < channels; channel++) {
    const int8_t *const upper = top + channel;
    const int8_t *const lower = bottom + channel;
    const int32_t sum = start + a * upper[0] + b * upper[right] + c * lower[0] + d * lower[right];
    const int32_t fixed = (int32_t)(((int64_t)sum * factor) >> 32);
    if (((uint32_t)fixed & mask) - (uint32_t)lowest <= ties) {
      y[channel] = exact(p, n, channel);
    } else {
      y[channel] = (int8_t)nanoc_clamp(((fixed + half) >> shift) + p->y_zero, p->low, p->high);
    }
  }
}

void nanoc_resize_linear_s8(const int8_t *x, int8_t *y, const nanoc_resize_linear_s8_params *params) {
  const nanoc_linear *l = &params->linear;
  for (int32_t batch = 0; batch < l->batches; batch++) {
    for (int32_t oy = 0; oy < l->out_h; oy++) {
      const int8_t *top = x + l->rows.first[oy] * l->in_w * l->channels;
      const int8_t *bottom = x + l->rows.second[oy] * l->in_w * l->channels;
      for (int32_t ox = 0; ox < l->out_w; ox++) {
        const int32_t left = l->columns.first[ox] * l->channels;
        const int32_t right = l->columns.second[ox] * l->channels;
        const neighbours n = {{top + left, top + right, bottom + left, bottom + right}, oy, ox};
        pixel(params, &n, y);
        y += l->channels;
      }
    }
    x += l->in_h * l->in_w * l->channels;
  }
}
