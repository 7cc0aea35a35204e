#include "nanoc/resize.h"

static void pixel(const nanoc_linear *p, const float *x, float *y, int32_t oy, int32_t ox) {
  const int32_t top = p->rows.first[oy] * p->in_w;
  const int32_t bottom = p->rows.second[oy] * p->in_w;
  const int32_t left = p->columns.first[ox];
  const int32_t right = p->columns.second[ox];
  const float a = p->columns.first_weight[ox] * p->rows.first_weight[oy];
  const float b = p->columns.second_weight[ox] * p->rows.first_weight[oy];
  const float c = p->columns.first_weight[ox] * p->rows.second_weight[oy];
  const float d = p->columns.second_weight[ox] * p->rows.second_weight[oy];
  for (int32_t channel = 0; channel < p->channels; channel++) {
    float sum = a * x[(top + left) * p->channels + channel];
    sum = sum + b * x[(top + right) * p->channels + channel];
    sum = sum + c * x[(bottom + left) * p->channels + channel];
    y[channel] = sum + d * x[(bottom + right) * p->channels + channel];
  }
}

void nanoc_resize_linear_f32(const float *x, float *y, const nanoc_linear *linear) {
  for (int32_t batch = 0; batch < linear->batches; batch++) {
    for (int32_t oy = 0; oy < linear->out_h; oy++) {
      for (int32_t ox = 0; ox < linear->out_w; ox++) {
        pixel(linear, x, y, oy, ox);
        y += linear->channels;
      }
    }
    x += linear->in_h * linear->in_w * linear->channels;
  }
}
