#include "nanoc/pool.h"

static float sum_at(const nanoc_window *w, const float *x, int32_t top, int32_t left) {
  float sum = 0.0f;
  for (int32_t ky = 0; ky < w->kernel_h; ky++) {
    const int32_t iy = top + ky * w->dilation_h;
    for (int32_t kx = 0; kx < w->kernel_w; kx++) {
      const int32_t ix = left + kx * w->dilation_w;
      if (iy >= 0 && iy < w->in_h && ix >= 0 && ix < w->in_w) {
        sum = sum + x[(iy * w->in_w + ix) * w->channels];
      }
    }
  }
  return sum;
}

void nanoc_average_pool_f32(const float *x, float *y, const nanoc_average_window *average) {
  const nanoc_window *w = &average->window;
  for (int32_t batch = 0; batch < w->batches; batch++) {
    for (int32_t oy = 0; oy < w->out_h; oy++) {
      const int32_t top = oy * w->stride_h - w->pad_top;
      for (int32_t ox = 0; ox < w->out_w; ox++) {
        const int32_t left = ox * w->stride_w - w->pad_left;
        const int32_t count = nanoc_count(average, top, left);
        for (int32_t channel = 0; channel < w->channels; channel++) {
          const float sum = sum_at(w, x + channel, top, left);
          *y++ = count > 0 ? sum / (float)count : 0.0f;
        }
      }
    }
    x += w->in_h * w->in_w * w->channels;
  }
}
