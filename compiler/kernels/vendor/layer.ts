/** Conv and MatMul with constant weights, as the vendors' libraries see them. */
import type { ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { windowOf } from '../../ops/shared/window.js';
import type { Library } from '../../vendor/library.js';
import { hasZeroPoints } from '../arm-dsp/layer.js';
import { rowsOf } from '../nodes.js';
import { type LayerRequantization, requantizationOf, whyTooLarge } from './requantization.js';

/** Int8 values, constant weights without zero points: what all products of the libraries take. */
export function whyNotQuantized(context: LowerContext): string | undefined {
  const [x, w] = [context.required(0), context.required(1)];
  if (x.quantization === undefined || x.dtype !== 'int8') return `the input is ${x.dtype}`;
  if (w.constant === undefined) return 'the right side is computed at run time';
  if (w.dtype !== 'int8') return `the weights are ${w.dtype}`;
  return hasZeroPoints(context) ? 'the weights have a zero point' : undefined;
}

export function whyNotDense(context: LowerContext): string | undefined {
  return whyNotQuantized(context) ?? (context.int('group') !== 1 ? 'grouped' : undefined);
}

export function whyNotDepthwise(context: LowerContext): string | undefined {
  const quantized = whyNotQuantized(context);
  if (quantized !== undefined) return quantized;
  const [, perGroup] = context.required(1).shape;
  const isDepthwise = perGroup === 1 && context.int('group') === context.required(0).shape[3];
  return isDepthwise && context.int('group') !== 1 ? undefined : 'not one filter for each channel';
}

/** A product with a constant matrix. */
export function whyNotProduct(context: LowerContext, library: Library): string | undefined {
  const quantized = whyNotQuantized(context);
  if (quantized !== undefined) return quantized;
  return context.required(1).shape.length === 2 ? whyTooLarge(context, library) : 'the right side is no matrix';
}

/** One row of it. */
export function whyNotRow(context: LowerContext, library: Library): string | undefined {
  return whyNotProduct(context, library) ?? (rowsOf(context) > 1 ? 'more than one row' : undefined);
}

/** One row, and one multiplier for all columns. */
export function whyNotPerTensor(context: LowerContext, library: Library): string | undefined {
  const refusal = whyNotRow(context, library);
  if (refusal !== undefined) return refusal;
  const { factors } = requantizationOf(context, library);
  const [first] = factors;
  const isOne = factors.every(({ multiplier, shift }) => multiplier === first!.multiplier && shift === first!.shift);
  return isOne ? undefined : 'the columns have multipliers of their own';
}

/** The bias with the input's zero point in it. */
export function foldedBiasField({ sums }: LayerRequantization): Record<'bias', ParamValue> {
  const data = Int32Array.from(sums, ({ bias }) => bias);
  return { bias: { constant: { suffix: 'bias', data, role: 'bias' } } };
}

export interface Geometry {
  readonly batches: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left. */
  readonly pads: readonly [number, number];
  /** Bottom, right. */
  readonly trailing: readonly [number, number];
}

/** x and y are NHWC. */
export function geometryOf(context: LowerContext): Geometry {
  const w = context.required(1);
  const [batches, inHeight, inWidth, inChannels] = context.required(0).shape as [number, number, number, number];
  const window = windowOf(context, [inHeight, inWidth], w.shape.slice(2));
  const [top, left, bottom, right] = window.pads as [number, number, number, number];
  const pair = (list: readonly number[]) => [list[0]!, list[1]!] as const;
  return {
    ...{ batches, inHeight, inWidth, inChannels, outHeight: window.output[0]!, outWidth: window.output[1]! },
    ...{ outChannels: w.shape[0]!, kernel: pair(window.kernel), strides: pair(window.strides) },
    ...{ dilations: pair(window.dilations), pads: [top, left], trailing: [bottom, right] },
  };
}

/** The rows of a product as the pixels of a row of the image. */
export function rowsGeometry(context: LowerContext): Geometry {
  const [inner, columns] = context.required(1).shape as [number, number];
  const rows = rowsOf(context);
  return {
    ...{
      batches: 1,
      inHeight: 1,
      inWidth: rows,
      inChannels: inner,
      outHeight: 1,
      outWidth: rows,
      outChannels: columns,
    },
    ...{ kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0], trailing: [0, 0] },
  };
}

/** The 1x1 kernels take the output's size from the input's. */
export function whyNotPadded({ kernel, pads, trailing }: Geometry): string | undefined {
  const onlyBehind = kernel.every((n) => n === 1) && pads.every((n) => n === 0) && trailing.some((n) => n > 0);
  return onlyBehind ? 'a 1x1 window is padded at the end alone' : undefined;
}
