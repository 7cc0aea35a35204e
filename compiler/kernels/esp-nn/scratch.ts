/**
 * Scratch of ESP-NN's convolutions, in bytes: the larger of what the library asks for (a port of its `*_get_*_scratch_size_*`, release
 * 1.2.6) and of what its kernels were read to write, which is more in some cases. `scratch.test.ts` compares the port with the library's C.
 */
import type { Geometry } from '../vendor/layer.js';
import { roundUp } from '../vendor/round-up.js';
import type { Variant } from './option.js';

/** Bytes of filter and padded input beyond which the S3's depthwise kernels work in strips of rows. */
const S3_PADDED_LIMIT = 40 * 1024;
const S3_WIDENED_LIMIT = 48 * 1024;

export function convolveBytes(g: Geometry, variant: Variant): number {
  if (variant === 'generic') return 0;
  return Math.max(convolveAsked(g, variant), convolveWritten(g, variant));
}

function isPlainPointwise({ kernel, pads, strides }: Geometry): boolean {
  return kernel.every((n) => n === 1) && pads.every((n) => n === 0) && strides.every((n) => n === 1);
}

/** `esp_nn_get_conv_scratch_size_esp32s3`, `esp_nn_get_conv_scratch_size_esp32p4` for windows of 16 elements and more. */
export function convolveAsked(g: Geometry, variant: 's3' | 'p4'): number {
  const { inHeight, inWidth, inChannels, outChannels } = g;
  const [height, width] = g.kernel;
  const margin = variant === 's3' ? 64 : 32;
  if (isPlainPointwise(g)) {
    if (variant === 'p4' && inChannels < 16) return 4 * outChannels + 16 * outChannels + 32 + margin;
    const wide = roundUp(inChannels, 8);
    const transposed = inHeight * inWidth < 8 ? 0 : 16 * wide;
    const input = inChannels % 8 === 0 ? 0 : inHeight * inWidth * wide;
    return input + wide * outChannels + transposed + margin;
  }
  const row = width * inChannels;
  const window = height * row;
  const filter = width * height * roundUp(inChannels, 16) * outChannels;
  if (variant === 'p4') {
    const direct = g.pads.every((n) => n === 0) && row >= 16;
    return (direct ? filter : window) + margin + 4 * outChannels;
  }
  if (row < 16 && window >= 16) return 4 * outChannels + 32 + (outChannels + 1) * roundUp(window, 16) + margin;
  const [top, left] = g.pads;
  const right = Math.max(0, (g.outWidth - 1) * g.strides[1] + width - left - inWidth);
  const bottom = Math.max(0, (g.outHeight - 1) * g.strides[0] + height - top - inHeight);
  const isPadded = [top, left, right, bottom].some((n) => n > 0);
  const input = isPadded ? (inWidth + left + right) * (inHeight + top + bottom) * inChannels : 0;
  return input + filter + roundUp(row, 16) * height * outChannels + margin + 4 * outChannels;
}

/** `esp_nn_conv_s8_1x1` of the S3 transposes eight pixels of eight channels, whatever the size of the image. */
function convolveWritten(g: Geometry, variant: 's3' | 'p4'): number {
  return variant === 's3' && isPlainPointwise(g) && g.inChannels % 8 !== 0 ? 128 + 64 : 0;
}

/** One filter for each channel and multiplier. */
export function depthwiseBytes(g: Geometry, variant: Variant): number {
  if (variant !== 's3') return 0;
  return Math.max(depthwiseAsked(g), depthwiseWritten(g));
}

/** Filter and input of a depthwise layer in halfwords. */
function widenedBytes({ inHeight, inWidth, inChannels, outChannels, kernel }: Geometry): number {
  return 2 * (kernel[0] * kernel[1] * outChannels + inHeight * inWidth * inChannels);
}

/** Whether the S3's kernel for windows other than 3x3 works in strips of rows. */
export function isInStrips(g: Geometry): boolean {
  return widenedBytes(g) > S3_WIDENED_LIMIT;
}

/** `esp_nn_get_depthwise_conv_scratch_size_esp32s3`. */
export function depthwiseAsked(g: Geometry): number {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = g;
  const [height, width] = g.kernel;
  const [top, left] = g.pads;
  const [down, along] = g.strides;
  const multiplier = outChannels / inChannels;
  const filter = height * width * outChannels;
  if (multiplier === 1 && inChannels % 8 === 0) {
    if (width !== 3 || height !== 3) {
      if (!isInStrips(g)) return widenedBytes(g) + 32;
      return 2 * filter + 2 * inWidth * height * inChannels + 32;
    }
    if (inChannels % 16 === 0) {
      const hasPads = top > 0 || left > 0;
      const besides = hasPads ? [2 * top, 2 * left] : [outHeight * down + 2 - inHeight, outWidth * along + 2 - inWidth];
      if (besides.every((n) => n === 0)) return filter + 16;
      const padded = (inWidth + besides[1]!) * (inHeight + besides[0]!) * inChannels;
      if (padded <= S3_PADDED_LIMIT) return filter + padded + 16;
      return filter + (inWidth + besides[1]!) * height * inChannels + 16;
    }
    if (inChannels < 12) return widenedBytes(g) + 32;
    const wide = roundUp(inChannels, 16);
    const paddedWidth = inWidth + 2 * left + Math.max(0, outWidth * along + 2 - inWidth);
    const paddedHeight = inHeight + 2 * top + Math.max(0, outHeight * down + 2 - inHeight);
    return 9 * wide + paddedWidth * paddedHeight * wide + outWidth * outHeight * wide + 64;
  }
  if (multiplier === 1 && inChannels > 3) {
    const wide = roundUp(inChannels, 8);
    const inputAt = roundUp(2 * height * width * wide, 16);
    const outputAt = roundUp(inputAt + 2 * inHeight * inWidth * wide, 16);
    return roundUp(outputAt + outHeight * outWidth * wide, 16) + 12 * wide + 16;
  }
  return multiplier % 4 === 0 ? widenedBytes(g) + 32 : 32;
}

/**
 * What `esp_nn_depthwise_conv_s8_esp32s3` writes for 3x3 windows of a multiple of 16 channels, where the library counts less: pads
 * other than none or one on both axes take the path that has a buffer for the output, and without pads no strip is ever used.
 */
function depthwiseWritten(g: Geometry): number {
  const { inHeight, inWidth, inChannels: channels, outHeight, outWidth, outChannels } = g;
  if (outChannels !== channels || channels % 16 !== 0 || g.kernel.some((n) => n !== 3)) return 0;
  const [top, left] = g.pads;
  if (top === 1 && left === 1) return 0;
  const wanted = [outHeight * g.strides[0] + 2, outWidth * g.strides[1] + 2];
  const padded = Math.max(inHeight + 2 * top, wanted[0]!) * Math.max(inWidth + 2 * left, wanted[1]!) * channels;
  const output = top === 0 && left === 0 ? 0 : outHeight * outWidth * channels;
  return 9 * channels + 16 + padded + output;
}
