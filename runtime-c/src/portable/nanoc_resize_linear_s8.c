#include "nanoc/resize.h"

static float real(const nanoc_resize_linear_s8_params *p, int8_t x) { return (float)(x - p->x_zero) * p->x_scale; }

static void pixel(const nanoc_resize_linear_s8_params *p, const int8_t *x, int8_t *y, int32_t oy, int32_t ox) {
  const nanoc_linear *l = &p->linear;
  const int32_t top = l->rows.first[oy] * l->in_w;
  const int32_t bottom = l->rows.second[oy] * l->in_w;
  const int32_t left = l->columns.first[ox];
  const int32_t right = l->columns.second[ox];
  const float a = l->columns.first_weight[ox] * l->rows.first_weight[oy];
  const float b = l->columns.second_weight[ox] * l->rows.first_weight[oy];
  const float c = l->columns.first_weight[ox] * l->rows.second_weight[oy];
  const float d = l->columns.second_weight[ox] * l->rows.second_weight[oy];
  for (int32_t channel = 0; channel < l->channels; channel++) {
    float sum = a * real(p, x[(top + left) * l->channels + channel]);
    sum = sum + b * real(p, x[(top + right) * l->channels + channel]);
    sum = sum + c * real(p, x[(bottom + left) * l->channels + channel]);
    sum = sum + d * real(p, x[(bottom + right) * l->channels + channel]);
    y[channel] = (int8_t)nanoc_round_clamp(sum / p->y_scale, p->y_zero, p->low, p->high);
  }
}

void nanoc_resize_linear_s8(const int8_t *x, int8_t *y, const nanoc_resize_linear_s8_params *params) {
  const nanoc_linear *l = &params->linear;
  for (int32_t batch = 0; batch < l->batches; batch++) {
    for (int32_t oy = 0; oy < l->out_h; oy++) {
      for (int32_t ox = 0; ox < l->out_w; ox++) {
        pixel(params, x, y, oy, ox);
        y += l->channels;
      }
    }
    x += l->in_h * l->in_w * l->channels;
  }
}
