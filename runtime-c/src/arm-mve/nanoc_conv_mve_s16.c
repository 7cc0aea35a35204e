#include "nanoc/mve_s16.h"

static void copy(int16_t *to, const int16_t *from, int32_t count) {
  nanoc_mve_copy((int8_t *)to, (const int8_t *)from, 2 * count);
}

/* The window that starts at row iy and column ix, with the zero point for what is outside the image. */
static void copy_window(const nanoc_conv_mve_s16_params *p, const int16_t *x, int32_t iy, int32_t ix, int16_t *to) {
  const int32_t depth = p->in_c;
  const int32_t is_inside = ix >= 0 && ix + (p->kernel_w - 1) * p->dilation_w < p->in_w;
  for (int32_t ky = 0; ky < p->kernel_h; ky++, iy += p->dilation_h) {
    const int32_t is_row = iy >= 0 && iy < p->in_h;
    if (is_row && is_inside && p->dilation_w == 1) {
      copy(to, x + (iy * p->in_w + ix) * depth, p->kernel_w * depth);
      to += p->kernel_w * depth;
      continue;
    }
    for (int32_t kx = 0; kx < p->kernel_w; kx++, to += depth) {
      const int32_t column = ix + kx * p->dilation_w;
      if (is_row && column >= 0 && column < p->in_w) {
        copy(to, x + (iy * p->in_w + column) * depth, depth);
      } else {
        for (int32_t c = 0; c < depth; c++) {
          to[c] = (int16_t)p->x_zero;
        }
      }
    }
  }
}

void nanoc_conv_mve_s16(const int16_t *x, int16_t *y, int16_t *scratch, const nanoc_conv_mve_s16_params *params) {
  const nanoc_conv_mve_s16_params *p = params;
  int32_t second = 0;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        copy_window(p, x, oy * p->stride_h - p->pad_top, ox * p->stride_w - p->pad_left, scratch + second * 8 * p->gemm.steps);
        second ^= 1;
        if (second == 0) {
          nanoc_gemm_mve_s16(scratch, p->stream, y, &p->gemm);
          y += 2 * p->gemm.channels;
        }
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
  if (second != 0) {
    nanoc_gemm_mve_s16_params alone = p->gemm;
    alone.x_step = 0;
    alone.y_step = 0;
    nanoc_gemm_mve_s16(scratch, p->stream, y, &alone);
  }
}
