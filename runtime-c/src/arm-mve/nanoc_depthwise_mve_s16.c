#include "nanoc/mve_s16.h"
#include "nanoc/part.h"

#if NANOC_MVE_ASSEMBLY

#include <arm_mve.h>

/* Eight channels; the sums of 255 weights fit halfwords. */
static void group_outside(const nanoc_depthwise_mve_s16_params *p, const nanoc_part *v, const int8_t *weights, const int32_t *from, int32_t *starts) {
  int16x8_t sums = vdupq_n_s16(0);
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    for (int32_t kx = 0; kx < p->kernel_w; kx++, weights += 8) {
      if (!nanoc_part_has(v, ky, kx)) {
        sums = vaddq_s16(sums, vldrbq_s16(weights));
      }
    }
  }
  vst1q_s32(starts, vmlaq_n_s32(vld1q_s32(from), vmovlbq_s16(sums), p->x_zero));
  vst1q_s32(starts + 4, vmlaq_n_s32(vld1q_s32(from + 4), vmovltq_s16(sums), p->x_zero));
}

#else

static void group_outside(const nanoc_depthwise_mve_s16_params *p, const nanoc_part *v, const int8_t *weights, const int32_t *from, int32_t *starts) {
  int32_t sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    for (int32_t kx = 0; kx < p->kernel_w; kx++, weights += 8) {
      for (int32_t c = 0; c < 8; c++) {
        sums[(c >> 1) + 4 * (c & 1)] += nanoc_part_has(v, ky, kx) ? 0 : weights[c];
      }
    }
  }
  for (int32_t c = 0; c < 8; c++) {
    starts[c] = nanoc_add_wrap(from[c], p->x_zero * sums[c]);
  }
}

#endif

/* Starts of a pixel of which taps lie outside the image: these are the zero point, which the starts have taken away from all taps. */
static void outside(const nanoc_depthwise_mve_s16_params *p, const nanoc_part *v, int32_t *starts) {
  const int8_t *weights = p->weights + 32;
  for (int32_t channel = 0; channel < p->in_c; channel += 8, weights += p->taps.group_bytes) {
    group_outside(p, v, weights, p->starts + channel, starts + channel);
  }
}

void nanoc_depthwise_mve_s16(const int16_t *x, int16_t *y, int32_t *scratch, const nanoc_depthwise_mve_s16_params *params) {
  const nanoc_depthwise_mve_s16_params *p = params;
  const int32_t bytes = 2 * p->in_c;
  /* Windows that leave the image on the left are mostly like those of the row before; so are those on the right. */
  nanoc_part kept[2] = {{{0, 0}, {-1, 0}}, {{0, 0}, {-1, 0}}};
  nanoc_taps_mve_s16_params taps = p->taps;
  taps.step = p->dilation_w * bytes;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      const int32_t top = oy * p->stride_h - p->pad_top;
      nanoc_part v;
      v.rows = nanoc_taps_inside(top, p->dilation_h, p->kernel_h, 0, p->in_h);
      for (int32_t ox = 0; ox < p->out_w; ox++, y += p->in_c) {
        const int32_t left = ox * p->stride_w - p->pad_left;
        v.columns = nanoc_taps_inside(left, p->dilation_w, p->kernel_w, 0, p->in_w);
        const int32_t width = v.columns.last - v.columns.first;
        const int32_t height = width > 0 ? v.rows.last - v.rows.first : 0;
        const int32_t *starts = p->starts;
        if (p->x_zero != 0 && (width < p->kernel_w || height < p->kernel_h)) {
          const int32_t side = 2 * ox < p->out_w ? 0 : 1;
          if (!nanoc_part_is_same(&v, &kept[side])) {
            kept[side] = v;
            outside(p, &v, scratch + side * p->in_c);
          }
          starts = scratch + side * p->in_c;
        }
        taps.first = 8 * (v.rows.first * p->kernel_w + v.columns.first);
        taps.rows = height;
        taps.row_bytes = width * taps.step;
        taps.x_skip = p->dilation_h * p->in_w * bytes - taps.row_bytes;
        taps.w_skip = 8 * (p->kernel_w - width);
        const int32_t from = (top + v.rows.first * p->dilation_h) * p->in_w + left + v.columns.first * p->dilation_w;
        nanoc_taps_mve_s16(height > 0 ? x + from * p->in_c : x, p->weights, y, starts, &taps);
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
