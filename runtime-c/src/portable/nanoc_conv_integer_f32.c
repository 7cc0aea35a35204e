#include "nanoc/conv_integer.h"

void nanoc_conv_integer_f32(const void *x, const float *scale, const void *zero, float *y, void *scratch,
                            const nanoc_conv_integer_params *params) {
  const nanoc_conv_integer_params *const p = params;
  const int32_t depth = p->in_c / p->groups;
  const int32_t own = nanoc_byte_zero(zero, p->product.is_signed);
  int16_t *const wide = (int16_t *)scratch;
  uint8_t *const window = (uint8_t *)(wide + params->product.stride);
  const uint8_t *image = (const uint8_t *)x;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        for (int32_t group = 0; group < p->groups; group++) {
          const nanoc_integer_product_params product = nanoc_conv_integer_group(p, group);
          nanoc_conv_integer_window(p, image + group * depth, oy, ox, own, window);
          nanoc_integer_product_f32(window, scale, zero, y, wide, &product);
          y += product.columns;
        }
      }
    }
    image += p->in_h * p->in_w * p->in_c;
  }
}
