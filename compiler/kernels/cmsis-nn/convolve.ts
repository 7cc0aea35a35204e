/** Conv by `arm_convolve_wrapper_s8` (which picks its 1x1, 1xN or general kernel) and `arm_depthwise_conv_wrapper_s8`. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { channelsLast, constantOf, macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { windowOf } from '../../ops/shared/window.js';
import type { Library } from '../../vendor/library.js';
import { hasZeroPoints, layerOf } from '../arm-dsp/layer.js';
import { profileRemark, type VendorRequantization, vendorRequantization } from '../vendor-requantization.js';
import { activation, type Core, cmsisCall, cmsisOption, coreOf, dims, tile } from './option.js';
import { type ConvolveShape, convolveBytes, depthwiseBytes } from './scratch.js';

const CONVOLVE = { adapter: 'nanoc_cmsis_convolve_s8', functions: ['arm_convolve_wrapper_s8'] };
const DEPTHWISE = { adapter: 'nanoc_cmsis_depthwise_s8', functions: ['arm_depthwise_conv_wrapper_s8'] };

export const cmsisConvolve = cmsisOption({
  ...CONVOLVE,
  whyNot: (context, library) => {
    const quantized = whyNotQuantized(context);
    if (quantized !== undefined) return quantized;
    if (context.int('group') !== 1) return 'grouped';
    return whyNotPadded(geometryOf(context)) ?? whyTooLarge(context, rowsOf(context), library);
  },
  build: buildConvolve,
});

export const cmsisDepthwise = cmsisOption({
  ...DEPTHWISE,
  whyNot: (context, library) => {
    const quantized = whyNotQuantized(context);
    if (quantized !== undefined) return quantized;
    const [, perGroup] = context.required(1).shape;
    const isDepthwise = perGroup === 1 && context.int('group') === context.required(0).shape[3];
    if (!isDepthwise || context.int('group') === 1) return 'not one filter for each channel';
    return whyTooLarge(context, constantOf(context, 1).data as Int8Array, library);
  },
  build: buildDepthwise,
});

/** Int8 values, constant weights without zero points: what all products of the library take. */
export function whyNotQuantized(context: LowerContext): string | undefined {
  const [x, w] = [context.required(0), context.required(1)];
  if (x.quantization === undefined || x.dtype !== 'int8') return `the input is ${x.dtype}`;
  if (w.constant === undefined) return 'the right side is computed at run time';
  if (w.dtype !== 'int8') return `the weights are ${w.dtype}`;
  return hasZeroPoints(context) ? 'the weights have a zero point' : undefined;
}

/** Registers of 32 bits hold a sum shifted left, as kernels for Helium do it, one more than the others. */
export function whyTooLarge(context: LowerContext, weights: Int8Array, { law }: Library): string | undefined {
  const channels = context.output(0).shape.at(-1)!;
  const { factors } = vendorRequantization(context, weights, channels, law);
  const { channels: sums } = layerOf(context, weights, channels);
  const overflows = sums.some(({ reach }, c) => {
    const largest = Math.max(reach.greatest, -reach.least);
    return largest * 2 ** Math.max(factors[c]!.shift + 1, 0) >= 2 ** 31;
  });
  return overflows ? 'a sum can leave 32 bits' : undefined;
}

export interface Geometry extends ConvolveShape {
  readonly batches: number;
  readonly outHeight: number;
  readonly outChannels: number;
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

/** The 1x1 kernels take the output's size from the input's. */
export function whyNotPadded({ kernel, pads, trailing }: Geometry): string | undefined {
  const onlyBehind = kernel.every((n) => n === 1) && pads.every((n) => n === 0) && trailing.some((n) => n > 0);
  return onlyBehind ? 'a 1x1 window is padded at the end alone' : undefined;
}

/** Weights [channels][taps][inputs]. */
export function rowsOf(context: LowerContext): Int8Array {
  return channelsLast(constantOf(context, 1).data as Int8Array, context.required(1).shape);
}

/**
 * A row seen as a column, which is the same memory: `arm_convolve_1_x_n_s8` for Helium wants as much padding on either side
 * and an input as long as its window; the general kernel takes anything.
 */
function withoutRow(g: Geometry, core: Core): Geometry {
  const isRow = g.inHeight === 1 && g.kernel[0] === 1 && g.outHeight === 1;
  const isPlain = g.strides[1] === 1 && g.pads[1] === g.trailing[1] && g.kernel[1] <= g.inWidth;
  if (core !== 'mve' || !isRow || isPlain) return g;
  const turned = (pair: readonly [number, number]) => [pair[1], pair[0]] as const;
  return {
    ...g,
    ...{ inHeight: g.inWidth, inWidth: 1, outHeight: g.outWidth, outWidth: 1 },
    ...{ kernel: turned(g.kernel), strides: turned(g.strides), dilations: turned(g.dilations), pads: turned(g.pads) },
  };
}

function buildConvolve(context: LowerContext, { law }: Library): KernelCall {
  const core = coreOf(context);
  const g = withoutRow(geometryOf(context), core);
  const weights = rowsOf(context);
  return productCall(context, CONVOLVE, g, weights, {
    scratchBytes: convolveBytes(g, core),
    weights,
    filter: dims(g.outChannels, g.kernel[0], g.kernel[1], g.inChannels),
    law,
  });
}

function buildDepthwise(context: LowerContext, { law }: Library): KernelCall {
  const g = geometryOf(context);
  const rows = constantOf(context, 1).data as Int8Array;
  const multiplier = g.outChannels / g.inChannels;
  return productCall(context, DEPTHWISE, g, rows, {
    scratchBytes: depthwiseBytes({ ...g, multiplier }, coreOf(context)),
    weights: turned(rows, g.outChannels),
    filter: dims(1, g.kernel[0], g.kernel[1], g.outChannels),
    multiplier,
    law,
  });
}

/** [rows][columns] as [columns][rows]. */
export function turned(matrix: Int8Array, rows: number): Int8Array {
  const columns = matrix.length / rows;
  return Int8Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
}

interface Product {
  readonly scratchBytes: number;
  readonly weights: Int8Array;
  readonly filter: ParamValue;
  /** Of a depthwise layer. */
  readonly multiplier?: number;
  readonly law: Library['law'];
}

/** @param rows the weights as [channels][inner] */
function productCall(
  context: LowerContext,
  { adapter, functions }: typeof CONVOLVE,
  g: Geometry,
  rows: Int8Array,
  { scratchBytes, weights, filter, multiplier, law }: Product,
): KernelCall {
  const requantization = vendorRequantization(context, rows, g.outChannels, law);
  const [x, y] = [context.required(0), context.output(0)];
  const fields = {
    weights: { constant: { suffix: 'weights', data: weights, role: 'weights' as const, alignment: 4 } },
    ...biasField(context),
    ...requantizationFields(requantization),
    layer: {
      fields: {
        input_offset: { int: -zeroOf(x) },
        output_offset: { int: perTensor(y).zeroPoint },
        ...(multiplier === undefined ? {} : { ch_mult: { int: multiplier } }),
        stride: tile(g.strides),
        padding: tile(g.pads),
        dilation: tile(g.dilations),
        activation: activation(clampOf(context, y)),
      },
    },
    input: dims(g.batches, g.inHeight, g.inWidth, g.inChannels),
    filter,
    output: dims(g.batches, g.outHeight, g.outWidth, g.outChannels),
    scratch_bytes: { int: scratchBytes },
  };
  return cmsisCall(
    context,
    { adapter, functions, inputs: [x.name], scratchBytes, fields },
    {
      macs: macsOf(y, rows.length / g.outChannels),
      ...lawOfCall(requantization),
    },
  );
}

/** The bias as ONNX has it, or NULL. */
export function biasField(context: LowerContext): Record<'bias', ParamValue> {
  const bias = context.input(2);
  if (bias === undefined) return { bias: { text: 'NULL' } };
  return { bias: { constant: { suffix: 'bias', data: constantOf(context, 2).data, role: 'bias' } } };
}

/** Multipliers and shifts of all channels. */
export function requantizationFields({ factors }: VendorRequantization): Record<string, ParamValue> {
  const constant = (suffix: string, data: Int32Array) => ({ constant: { suffix, data, role: 'scale' as const } });
  return {
    multiplier: constant(
      'multiplier',
      Int32Array.from(factors, ({ multiplier }) => multiplier),
    ),
    shift: constant(
      'shift',
      Int32Array.from(factors, ({ shift }) => shift),
    ),
  };
}

/** Law and remark of a call. */
export function lawOfCall(requantization: VendorRequantization): Pick<KernelCall, 'law' | 'remarks'> {
  const { law } = requantization;
  return { ...(law === undefined ? {} : { law }), remarks: [profileRemark(requantization)] };
}
