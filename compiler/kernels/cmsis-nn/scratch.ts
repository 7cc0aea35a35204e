/**
 * Scratch of CMSIS-NN's functions: a port of its `*_get_buffer_size` for the target's core. Where versions differ the largest answer
 * counts, and where a wrapper asks for the buffer of a path that it does not take (CMSIS-NN#19, #200) the one that it takes.
 * `scratch.test.ts` compares with the library's own functions.
 */
import type { Geometry } from '../vendor/layer.js';
import { roundUp } from '../vendor/round-up.js';
import type { Core } from './option.js';

export type ConvolveShape = Omit<Geometry, 'batches' | 'outHeight' | 'outChannels' | 'trailing'>;

/** `arm_convolve_wrapper_s8_get_buffer_size`, bytes. */
export function convolveBytes(shape: ConvolveShape, core: Core): number {
  const { inHeight, inChannels, kernel, strides, dilations, pads } = shape;
  const isPointwise = [...kernel, ...dilations].every((n) => n === 1) && pads.every((n) => n === 0);
  if (isPointwise) {
    const isFast = strides.every((n) => n === 1);
    // Two widened pixels, with Arm's compiler; GCC's path takes none.
    return core === 'dsp' && isFast ? 4 * inChannels : 0;
  }
  const window = kernel[0] * kernel[1] * inChannels;
  if (core !== 'mve') return 4 * roundUp(window, 4);
  const fourWindows = 4 * roundUp(window, 16);
  const isRow = inHeight === 1 && kernel[0] === 1 && dilations[1] === 1;
  return isRow ? Math.max(fourWindows, rowBytes(shape)) : fourWindows;
}

/** `arm_convolve_1_x_n_s8_get_buffer_size` with Helium: the padded start and end of the row. */
function rowBytes({ inWidth, inChannels, outWidth, kernel, strides, pads }: ConvolveShape): number {
  const [, width] = kernel;
  const left = pads[1];
  const asymmetry = ((outWidth - 1) * strides[1] + width - inWidth) % 2;
  const padded = Math.max(1, Math.ceil((left + asymmetry) / strides[1]));
  const right = asymmetry !== 0 ? padded : left;
  return Math.max(width + left, width - 1 + right) * inChannels;
}

/** Channels that a block of the depthwise kernels for Helium holds: CH_IN_BLOCK_MVE. */
const HELIUM_BLOCK = 124;

/** `arm_depthwise_conv_wrapper_s8_get_buffer_size`, bytes, for one image. */
export function depthwiseBytes(
  shape: Pick<ConvolveShape, 'inChannels' | 'kernel' | 'dilations' | 'pads'> & { readonly multiplier: number },
  core: Core,
): number {
  const { inChannels, kernel, dilations, pads, multiplier } = shape;
  const taps = kernel[0] * kernel[1];
  if (multiplier !== 1 || dilations.some((n) => n !== 1) || core === 'plain') return 0;
  if (core === 'mve') return 4 * HELIUM_BLOCK * taps;
  const isThree = kernel.every((n) => n === 3) && pads.every((n) => n <= 1);
  return isThree ? 0 : 2 * inChannels * taps;
}

/** `arm_convolve_wrapper_s16_get_buffer_size`, bytes: windows of halfwords, two of them, with Helium four of whole registers. */
export function convolveBytesS16(
  { inChannels, kernel }: Pick<ConvolveShape, 'inChannels' | 'kernel'>,
  core: Core,
): number {
  const window = kernel[0] * kernel[1] * inChannels;
  return core === 'mve' ? 8 * roundUp(window, 8) : 4 * window;
}

/** Windows that `arm_depthwise_conv_fast_s16` does not take: USE_FAST_DW_CONV_S16_FUNCTION. */
const SLOW_TAPS = 512;

/** `arm_depthwise_conv_wrapper_s16_get_buffer_size`, bytes. */
export function depthwiseBytesS16(
  shape: Pick<ConvolveShape, 'inChannels' | 'kernel' | 'dilations'> & { readonly multiplier: number },
  core: Core,
): number {
  const { inChannels, kernel, dilations, multiplier } = shape;
  const taps = kernel[0] * kernel[1];
  if (core === 'plain' || multiplier !== 1 || dilations.some((n) => n !== 1) || taps >= SLOW_TAPS) return 0;
  return core === 'mve' ? 8 * inChannels * taps + 8 : 2 * inChannels * taps;
}

/** `arm_avgpool_s8_get_buffer_size` and `arm_avgpool_s16_get_buffer_size`, bytes. */
export function averagePoolBytes(channels: number, core: Core): number {
  return core === 'dsp' ? 4 * channels : 0;
}
