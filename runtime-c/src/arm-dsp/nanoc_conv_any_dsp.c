#include "nanoc/dsp_any.h"

/* One window, its taps outside the image at the zero point. */
static void copy_window(const nanoc_dsp_any_params *p, const int8_t *x, int32_t iy, int32_t ix, int8_t *to) {
  const int32_t first = ix < 0 ? -ix : 0;
  const int32_t last = p->in_w - ix < p->kernel_w ? p->in_w - ix : p->kernel_w;
  (void)memset(to, p->layer.x_zero, (size_t)p->inner);
  for (int32_t row = iy; row < iy + p->kernel_h; row++) {
    if (row >= 0 && row < p->in_h && first < last) {
      (void)memcpy(to + first * p->in_c, x + (row * p->in_w + ix + first) * p->in_c, (size_t)((last - first) * p->in_c));
    }
    to += p->kernel_w * p->in_c;
  }
}

/* All channels of two pixels from the copies of their windows. */
static void multiply(const nanoc_dsp_any_params *p, const int8_t *copies, uint32_t *wide, int8_t *y) {
  const int32_t *s = p->layer.segments;
  nanoc_dsp_widen2(copies, copies + p->inner, wide, p->inner / 4);
  for (int32_t i = 0; i < p->layer.segment_count; i++, s += 4) {
    nanoc_gemm_any_dsp(wide, p->layer.stream + s[2], y + s[1], p->layer.stream + s[3], p->inner, p->out_c, p->layer.y_zero);
  }
  if (p->layer.low > -128 || p->layer.high < 127) {
    nanoc_dsp_clamp(y, 2 * p->out_c, p->layer.low, p->layer.high);
  }
}

void nanoc_conv_any_dsp(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_dsp_any_params *params) {
  const nanoc_dsp_any_params *p = params;
  int8_t *copies = (int8_t *)(scratch + p->inner);
  int32_t second = 0;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        copy_window(p, x, oy * p->stride_h - p->pad_top, ox * p->stride_w - p->pad_left, copies + second * p->inner);
        second ^= 1;
        if (second == 0) {
          multiply(p, copies, scratch, y);
          y += 2 * p->out_c;
        }
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
  if (second != 0) {
    /* A last single pixel is computed with whatever the second copy holds, which nothing keeps. Both are widened before outputs take their place. */
    multiply(p, copies, scratch, copies);
    (void)memcpy(y, copies, (size_t)p->out_c);
  }
}
