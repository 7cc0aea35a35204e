#include "nanoc/conv_integer.h"

/* Adds one tap of all channels to their sums. `flip` makes bytes of either type unsigned ones, with the zero point `own`. */
static void add_tap(const int32_t *zeros, const uint8_t *x, int32_t flip, int32_t own, const int8_t *w, int32_t *sums, int32_t channels) {
  int32_t *const end = sums + channels;
  if (zeros == NULL) {
    for (; sums != end; sums++) {
      *sums = nanoc_mac(*sums, ((int32_t)*x++ ^ flip) - own, *w++);
    }
  } else {
    for (; sums != end; sums++) {
      *sums = nanoc_mac(*sums, ((int32_t)*x++ ^ flip) - own, *w++ - *zeros++);
    }
  }
}

void nanoc_depthwise_integer_f32(const void *x, const float *scale, const void *zero, float *y, int32_t *scratch,
                                 const nanoc_conv_integer_params *params) {
  const nanoc_conv_integer_params *const p = params;
  const int32_t flip = p->product.is_signed != 0 ? 0x80 : 0;
  const int32_t own = nanoc_byte_zero(zero, p->product.is_signed) + flip;
  const float step = *scale;
  const uint8_t *image = (const uint8_t *)x;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        const int8_t *w = p->product.weights;
        (void)memset(scratch, 0, sizeof(int32_t) * (size_t)p->in_c);
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {
          const int32_t row = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
          for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t column = ox * p->stride_w - p->pad_left + kx * p->dilation_w;
            if (row >= 0 && row < p->in_h && column >= 0 && column < p->in_w) {
              add_tap(p->product.zeros, image + (row * p->in_w + column) * p->in_c, flip, own, w, scratch, p->in_c);
            }
            w += p->in_c;
          }
        }
        /* The zero points of the weights are in the sums. */
        for (int32_t c = 0; c < p->in_c; c++) {
          *y++ = nanoc_product_output(scratch[c], 0, step, c, &p->product);
        }
      }
    }
    image += p->in_h * p->in_w * p->in_c;
  }
}
