#include "nanoc/pool.h"

/* x less its zero point has 17 bits: the compiler has seen that the window's sum fits 32. */
static int32_t sum(const nanoc_average_pool_s16_params *p, const int16_t *x, int32_t top, int32_t left) {
  const nanoc_window *w = &p->average.window;
  int32_t total = 0;
  for (int32_t ky = 0; ky < w->kernel_h; ky++) {
    const int32_t iy = top + ky * w->dilation_h;
    for (int32_t kx = 0; kx < w->kernel_w; kx++) {
      const int32_t ix = left + kx * w->dilation_w;
      if (iy >= 0 && iy < w->in_h && ix >= 0 && ix < w->in_w) {
        total += x[(iy * w->in_w + ix) * w->channels] - p->x_zero;
      }
    }
  }
  return total;
}

void nanoc_average_pool_s16(const int16_t *x, int16_t *y, const nanoc_average_pool_s16_params *params) {
  const nanoc_average_pool_s16_params *p = params;
  const nanoc_window *w = &p->average.window;
  for (int32_t batch = 0; batch < w->batches; batch++) {
    for (int32_t oy = 0; oy < w->out_h; oy++) {
      const int32_t top = oy * w->stride_h - w->pad_top;
      for (int32_t ox = 0; ox < w->out_w; ox++) {
        const int32_t left = ox * w->stride_w - w->pad_left;
        const int32_t count = nanoc_count(&p->average, top, left);
        const float scale = count > 0 ? p->x_scale / (p->y_scale * (float)count) : 1.0f;
        for (int32_t channel = 0; channel < w->channels; channel++) {
          *y++ = (int16_t)nanoc_requantize_s64(sum(p, x + channel, top, left), scale, p->y_zero, p->low, p->high);
        }
      }
    }
    x += w->in_h * w->in_w * w->channels;
  }
}
