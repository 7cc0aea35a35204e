#include "nanoc/pool.h"

static int16_t largest(const nanoc_window *w, const int16_t *x, int32_t top, int32_t left) {
  int16_t m = INT16_MIN;
  for (int32_t ky = 0; ky < w->kernel_h; ky++) {
    const int32_t iy = top + ky * w->dilation_h;
    for (int32_t kx = 0; kx < w->kernel_w; kx++) {
      const int32_t ix = left + kx * w->dilation_w;
      if (iy >= 0 && iy < w->in_h && ix >= 0 && ix < w->in_w) {
        const int16_t tap = x[(iy * w->in_w + ix) * w->channels];
        m = tap > m ? tap : m;
      }
    }
  }
  return m;
}

void nanoc_max_pool_s16(const int16_t *x, int16_t *y, const nanoc_window *window) {
  const nanoc_window *w = window;
  for (int32_t batch = 0; batch < w->batches; batch++) {
    for (int32_t oy = 0; oy < w->out_h; oy++) {
      for (int32_t ox = 0; ox < w->out_w; ox++) {
        for (int32_t channel = 0; channel < w->channels; channel++) {
          *y++ = largest(w, x + channel, oy * w->stride_h - w->pad_top, ox * w->stride_w - w->pad_left);
        }
      }
    }
    x += w->in_h * w->in_w * w->channels;
  }
}
