/** What the kernels of Conv and MatMul for int16 activations and int8 weights share: layers whose sums fit 32 bits, and their calls. */
import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import type { LowerContext } from '../ops/define.js';
import { type Geometry, geometry, spatialFields } from '../ops/shared/conv-geometry.js';
import {
  channelsLast,
  constantOf,
  INT32_MAX,
  macsOf,
  outputScales,
  transposed,
  wideBias,
  zeroOf,
} from '../ops/shared/convolution.js';
import { windowLead } from '../ops/shared/overlap.js';
import { perTensor } from '../ops/shared/quantized.js';
import { hasZeroPoints } from './arm-dsp/layer.js';
import { rowsOf } from './nodes.js';
import { reachOf } from './requantization-plan.js';

/** Weights [channels][inner], and the starts of the sums with the input's zero point folded in. */
export interface HalfwordLayer {
  readonly weights: Int8Array;
  readonly inner: number;
  readonly starts: readonly number[];
}

function layerOf(context: LowerContext, weights: Int8Array, channels: number): HalfwordLayer {
  const bias = context.input(2) === undefined ? undefined : (constantOf(context, 2).data as Int32Array);
  const starts = wideBias(weights, channels, new Int32Array(channels), bias, context.required(0));
  return { weights, inner: weights.length / channels, starts: Array.from(starts, Number) };
}

/** Of a Conv with one group; the inputs of a window in the order [kH][kW][C]. */
export function convLayer(context: LowerContext): HalfwordLayer {
  const { shape } = context.required(1);
  return layerOf(context, channelsLast(constantOf(context, 1).data as Int8Array, shape), shape[0]!);
}

export function matmulLayer(context: LowerContext): HalfwordLayer {
  const [inner, columns] = context.required(1).shape as [number, number];
  return layerOf(context, transposed(constantOf(context, 1).data as Int8Array, inner), columns);
}

/** One filter for each channel: `inner` is the number of taps. */
export function depthwiseLayer(context: LowerContext): HalfwordLayer {
  return layerOf(context, constantOf(context, 1).data as Int8Array, context.required(1).shape[0]!);
}

/** Why the kernels cannot run the layer, or undefined. */
export function whyNotLayer(context: LowerContext, layer: () => HalfwordLayer): string | undefined {
  if (hasZeroPoints(context)) return 'the weights have a zero point';
  const { weights, inner, starts } = layer();
  const { low, high } = perTensor(context.required(0));
  const isWide = starts.some((start, channel) => {
    const { least, greatest } = reachOf(weights, channel * inner, inner, start, low, high);
    return Math.max(Math.abs(start), -least, greatest) > INT32_MAX;
  });
  return isWide ? 'a sum can leave 32 bits' : undefined;
}

/** Of which the sums of the weights outside the image fit a halfword. */
const MOST_TAPS = 255;

/** Why depthwise kernels cannot run the window, or undefined. */
export function whyNotTaps(context: LowerContext): string | undefined {
  return depthwiseLayer(context).inner > MOST_TAPS ? `more than ${MOST_TAPS} taps` : undefined;
}

/** The rows of a matrix product as the pixels of an image of one row. */
export function pixelsOf(context: LowerContext): Geometry {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const [channels, outputs] = w.shape as [number, number];
  const width = rowsOf(context);
  const one = [1, 1];
  const window = { kernel: one, strides: one, dilations: one, pads: [0, 0, 0, 0], output: [1, width] };
  return { x, w, y, window, batches: 1, channels, height: 1, width, outputs, group: 1 };
}

/** The bits of the scale of a channel. */
export function scaleBits(context: LowerContext): (channel: number) => number {
  const scales = outputScales(context.required(0), context.required(1), context.output(0));
  const bits = new Uint32Array(Float32Array.from(scales).buffer);
  return (channel) => bits[bits.length === 1 ? 0 : channel]!;
}

/** The six numbers that the kernel sets for each pixel. */
export const PER_PIXEL: Record<string, ParamValue> = Object.fromEntries(
  ['first', 'rows', 'row_bytes', 'step', 'x_skip', 'w_skip'].map((name) => [name, { int: 0 }]),
);

export interface HalfwordCode {
  readonly name: string;
  readonly header: string;
  readonly sources: readonly string[];
  /** Bytes that the assembly pushes. */
  readonly stack: number;
  readonly scratch: number;
  /** Of the kernel's struct, those of the shape. */
  readonly fields: Record<string, ParamValue>;
}

/** The windows of two pixels are read before either is written. */
export function productCall(context: LowerContext, g: Geometry, inner: number, code: HalfwordCode): KernelCall {
  const walk = {
    ...g,
    inputPixel: 2 * g.channels,
    outputPixel: 2 * g.outputs,
    order: 'buffered',
    together: 2,
  } as const;
  return {
    ...callOf(context, g, code),
    overlaps: [{ input: g.x.name, output: g.y.name, lead: windowLead(walk) }],
    alignment: 2,
    macs: macsOf(g.y, inner),
  };
}

/** @param together channels that are finished together: what is left of them is computed again from inputs that an output may have replaced */
export function depthwiseCall(
  context: LowerContext,
  together: number,
  alignment: number,
  code: HalfwordCode,
): KernelCall {
  const g = geometry(context);
  const walk = { ...g, inputPixel: 2 * g.channels, outputPixel: 2 * g.channels, order: 'channelwise' } as const;
  const whole = g.channels % together === 0;
  return {
    ...callOf(context, g, code),
    overlaps: whole ? [{ input: g.x.name, output: g.y.name, lead: windowLead(walk) }] : [],
    alignment,
    macs: macsOf(g.y, g.window.kernel[0]! * g.window.kernel[1]!),
  };
}

function callOf(
  context: LowerContext,
  g: Geometry,
  { name, header, sources, stack, scratch, fields }: HalfwordCode,
): Omit<KernelCall, 'overlaps' | 'macs'> {
  return {
    node: context.node,
    family: 'native',
    function: name,
    header,
    sources,
    assemblyStack: stack,
    arguments: [
      { kind: 'value', value: g.x.name, access: 'read' },
      { kind: 'value', value: g.y.name, access: 'write' },
      { kind: 'scratch' },
      {
        kind: 'params',
        struct: `${name}_params`,
        fields: { ...spatialFields(g), x_zero: { int: zeroOf(g.x) }, ...fields },
      },
    ],
    scratch: { bytes: scratch, alignment: 4 },
  };
}
