/**
 * What ESP-NN 1.2.6 computes wrongly or not at all, read in its source or taken from its issues: such a layer runs on nanoc's own kernel.
 * What nobody has found yet is for `nanoc verify` and for the test on the chip.
 */
import type { Geometry } from '../vendor/layer.js';
import type { Variant } from './option.js';
import { isInStrips } from './scratch.js';

/** Why `esp_nn_conv_s8` of this variant must not be called. */
export function convolveFault(g: Geometry, variant: Variant): string | undefined {
  const [height, width] = g.kernel;
  if (variant === 'p4') {
    const noLead = g.pads.every((n) => n === 0);
    if (noLead && g.trailing.some((n) => n > 0)) return 'ESP32-P4: padding at the end alone is dropped (as esp-nn#31)';
    const isPointwise = height === 1 && width === 1 && noLead && g.strides.every((n) => n === 1);
    // A path of its own, whose scratch depends on a budget of the cache.
    if (height * width * g.inChannels < 16 && !isPointwise) return 'ESP32-P4: a window has fewer than 16 elements';
  }
  if (variant !== 's3') return undefined;
  const sizes = [g.inHeight + g.pads[0], g.inWidth + g.pads[1]];
  // A negative difference is divided towards zero, and a window that leaves the image is taken for one inside.
  return sizes.some((size, axis) => size < g.kernel[axis]!)
    ? 'ESP32-S3: a window is longer than the padded image'
    : undefined;
}

/** Why `esp_nn_depthwise_conv_s8` of this variant must not be called. */
export function depthwiseFault(g: Geometry, zeroPoint: number, variant: Variant): string | undefined {
  if (variant !== 's3' || g.outChannels !== g.inChannels || g.inChannels % 8 !== 0) return undefined;
  const [height, width] = g.kernel;
  const isPadded = [...g.pads, ...g.trailing].some((n) => n > 0);
  if (height === 3 && width === 3) {
    const padsOne = g.pads.every((n) => n === 1);
    return g.inChannels % 16 === 0 && padsOne && g.trailing.some((n) => n > 1)
      ? 'ESP32-S3: padding at the end is that of the start (esp-nn#31)'
      : undefined;
  }
  return isInStrips(g) && isPadded && zeroPoint !== 0
    ? 'ESP32-S3: rows of padding hold the zero point twice when the layer is computed in strips'
    : undefined;
}
