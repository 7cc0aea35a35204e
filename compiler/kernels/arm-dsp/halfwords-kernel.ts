/** The kernel options of Conv and MatMul for int16 activations on cores with the DSP extension and an FPU: nanoc/dsp_s16.h. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type Geometry, geometry, spatialFields } from '../../ops/shared/conv-geometry.js';
import {
  channelsLast,
  constantOf,
  INT32_MAX,
  macsOf,
  outputScales,
  transposed,
  wideBias,
  zeroOf,
} from '../../ops/shared/convolution.js';
import { windowLead } from '../../ops/shared/overlap.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { rowsOf, whyNotDepthwise, whyNotMatrix } from '../nodes.js';
import { reachOf } from '../requantization-plan.js';
import { SAVED_BYTES } from './assembly.js';
import { hasZeroPoints } from './layer.js';
import { groupStarts, paddedInner } from './stream.js';

const CONV = 'nanoc_conv_dsp_s16';
const DEPTHWISE = 'nanoc_depthwise_dsp_s16';

export const dspConvS16: KernelOption = {
  function: CONV,
  family: 'native',
  needs: ['dsp', 'fpu'],
  takes: 'int16',
  when: (context) => {
    if (context.int('group') !== 1) return 'grouped';
    return whyNotLayer(context, () => convLayer(context)) ?? true;
  },
  build: (context) => ({ call: convCall(context, geometry(context), convLayer(context)) }),
};

export const dspMatmulS16: KernelOption = {
  function: CONV,
  family: 'native',
  needs: ['dsp', 'fpu'],
  takes: 'int16',
  when: (context) => {
    const refusal = whyNotMatrix(context);
    if (refusal !== undefined) return refusal;
    return whyNotLayer(context, () => matmulLayer(context)) ?? true;
  },
  build: (context) => ({ call: convCall(context, pixelsOf(context), matmulLayer(context)) }),
};

export const dspDepthwiseS16: KernelOption = {
  function: DEPTHWISE,
  family: 'native',
  needs: ['dsp', 'fpu'],
  takes: 'int16',
  when: (context) => {
    const refusal = whyNotDepthwise(context);
    if (refusal !== undefined) return refusal;
    const { channels } = geometry(context);
    if (channels % 2 !== 0 || channels < 4) return 'the number of channels is odd, or two';
    return whyNotLayer(context, () => depthwiseLayer(context)) ?? true;
  },
  build: (context) => ({ call: depthwiseCall(context) }),
};

/** Weights [channels][inner], and the starts of the sums with the input's zero point folded in. */
interface HalfwordLayer {
  readonly weights: Int8Array;
  readonly inner: number;
  readonly starts: readonly number[];
}

function layerOf(context: LowerContext, weights: Int8Array, channels: number): HalfwordLayer {
  const bias = context.input(2) === undefined ? undefined : (constantOf(context, 2).data as Int32Array);
  const starts = wideBias(weights, channels, new Int32Array(channels), bias, context.required(0));
  return { weights, inner: weights.length / channels, starts: Array.from(starts, Number) };
}

function convLayer(context: LowerContext): HalfwordLayer {
  const { shape } = context.required(1);
  return layerOf(context, channelsLast(constantOf(context, 1).data as Int8Array, shape), shape[0]!);
}

function matmulLayer(context: LowerContext): HalfwordLayer {
  const [inner, columns] = context.required(1).shape as [number, number];
  return layerOf(context, transposed(constantOf(context, 1).data as Int8Array, inner), columns);
}

function depthwiseLayer(context: LowerContext): HalfwordLayer {
  return layerOf(context, constantOf(context, 1).data as Int8Array, context.required(1).shape[0]!);
}

function whyNotLayer(context: LowerContext, layer: () => HalfwordLayer): string | undefined {
  if (hasZeroPoints(context)) return 'the weights have a zero point';
  const { weights, inner, starts } = layer();
  if (starts.length < 2) return 'a single channel';
  const { low, high } = perTensor(context.required(0));
  const isWide = starts.some((start, channel) => {
    const { least, greatest } = reachOf(weights, channel * inner, inner, start, low, high);
    return Math.max(Math.abs(start), -least, greatest) > INT32_MAX;
  });
  return isWide ? 'a sum can leave 32 bits' : undefined;
}

/** The rows of a matrix product as the pixels of an image of one row. */
function pixelsOf(context: LowerContext): Geometry {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const [channels, outputs] = w.shape as [number, number];
  const width = rowsOf(context);
  const one = [1, 1];
  const window = { kernel: one, strides: one, dilations: one, pads: [0, 0, 0, 0], output: [1, width] };
  return { x, w, y, window, batches: 1, channels, height: 1, width, outputs, group: 1 };
}

function convCall(context: LowerContext, g: Geometry, layer: HalfwordLayer): KernelCall {
  const inner = paddedInner(layer.inner);
  const gemm = { inner: { int: inner }, step: { int: 2 * g.outputs }, ...tailFields(context, g) };
  const fields: Record<string, ParamValue> = {
    ...spatialFields(g),
    x_zero: { int: zeroOf(g.x) },
    gemm: { fields: gemm },
    stream: {
      constant: { suffix: 'weights', data: streamOf(context, layer), role: 'weights', alignment: 4 },
    },
  };
  const walk = {
    ...g,
    inputPixel: 2 * g.channels,
    outputPixel: 2 * g.outputs,
    order: 'buffered',
    together: 2,
  } as const;
  return {
    ...callOf(context, CONV, [`arm-dsp/${CONV}.c`, 'arm-dsp/nanoc_gemm_dsp_s16.c'], fields),
    scratch: { bytes: 4 * inner, alignment: 4 },
    overlaps: [{ input: g.x.name, output: g.y.name, lead: windowLead(walk) }],
    alignment: 2,
    macs: macsOf(g.y, layer.inner),
  };
}

function bothHalves(value: number): number {
  return ((value & 0xffff) * 0x10001) >>> 0;
}

/** The stream of nanoc/dsp_s16.h. */
function streamOf(context: LowerContext, { weights, inner, starts }: HalfwordLayer): Uint32Array {
  const scaleOf = scaleBits(context);
  const weight = (channel: number, k: number) => (k < inner ? weights[channel * inner + k]! : 0);
  const wordOf = (channel: number, k: number) => wordFor([0, 1, 2, 3].map((i) => weight(channel, k + i)));
  const words = groupStarts(starts.length, 2).flatMap((first) => {
    const pair = [first, first + 1];
    const taps = Array.from({ length: paddedInner(inner) / 4 }, (_, i) => pair.map((c) => wordOf(c, 4 * i)));
    return [...pair.map((c) => starts[c]!), ...taps.flat(), ...pair.map(scaleOf)];
  });
  return Uint32Array.from(words);
}

/** A byte each, so that SXTB16 gives the first two, and of the word turned by 8 the others. */
function wordFor([a, b, c, d]: readonly number[]): number {
  return (a! & 0xff) | ((c! & 0xff) << 8) | ((b! & 0xff) << 16) | (d! << 24);
}

/** The bits of the scale of a channel. */
function scaleBits(context: LowerContext): (channel: number) => number {
  const scales = outputScales(context.required(0), context.required(1), context.output(0));
  const bits = new Uint32Array(Float32Array.from(scales).buffer);
  return (channel) => bits[bits.length === 1 ? 0 : channel]!;
}

function depthwiseCall(context: LowerContext): KernelCall {
  const g = geometry(context);
  const { groups: _, out_c: __, in_c, ...spatial } = spatialFields(g);
  const layer = depthwiseLayer(context);
  const groups = Math.floor(g.channels / 4);
  const perPixel = Object.fromEntries(
    ['first', 'rows', 'row_bytes', 'step', 'x_skip', 'w_skip'].map((name) => [name, { int: 0 }]),
  );
  const fields: Record<string, ParamValue> = {
    ...spatial,
    channels: in_c!,
    x_zero: { int: zeroOf(g.x) },
    weights: { constant: { suffix: 'weights', data: tapsOf(context, layer), role: 'weights', alignment: 4 } },
    starts: { constant: { suffix: 'bias', data: Int32Array.from(layer.starts), role: 'bias' } },
    taps: {
      fields: {
        ...perPixel,
        ...tailFields(context, g),
        groups: { int: groups },
        group_bytes: { int: 4 * (4 + g.window.kernel[0]! * g.window.kernel[1]!) },
      },
    },
  };
  const walk = { ...g, inputPixel: 2 * g.channels, outputPixel: 2 * g.channels, order: 'channelwise' } as const;
  // The last four of another number of channels are computed from inputs that an output may have replaced.
  const overlaps = g.channels % 4 === 0 ? [{ input: g.x.name, output: g.y.name, lead: windowLead(walk) }] : [];
  return {
    ...callOf(context, DEPTHWISE, [`arm-dsp/${DEPTHWISE}.c`, 'arm-dsp/nanoc_taps_dsp_s16.c'], fields),
    scratch: { bytes: 8 * g.channels, alignment: 4 },
    overlaps,
    alignment: 4,
    macs: macsOf(g.y, g.window.kernel[0]! * g.window.kernel[1]!),
  };
}

/** The words of nanoc_taps_dsp_s16. */
function tapsOf(context: LowerContext, { weights, inner, starts }: HalfwordLayer): Uint32Array {
  const scaleOf = scaleBits(context);
  const words = groupStarts(starts.length, 4).flatMap((first) => {
    const four = [0, 1, 2, 3].map((i) => first + i);
    const taps = Array.from({ length: inner }, (_, tap) => wordFor(four.map((c) => weights[c * inner + tap]!)));
    return [...four.map(scaleOf), ...taps];
  });
  return Uint32Array.from(words);
}

/** Zero point and bounds of the output. */
function tailFields(context: LowerContext, { y }: Geometry): Record<string, ParamValue> {
  const [low, high] = clampOf(context, y);
  return {
    y_zero: { int: perTensor(y).zeroPoint },
    lows: { int: bothHalves(low) },
    highs: { int: bothHalves(high) },
  };
}

function callOf(
  context: LowerContext,
  name: string,
  sources: readonly string[],
  fields: Record<string, ParamValue>,
): Omit<KernelCall, 'overlaps' | 'macs'> {
  return {
    node: context.node,
    family: 'native',
    function: name,
    header: 'nanoc/dsp_s16.h',
    sources,
    assemblyStack: SAVED_BYTES,
    arguments: [
      { kind: 'value', value: context.required(0).name, access: 'read' },
      { kind: 'value', value: context.output(0).name, access: 'write' },
      { kind: 'scratch' },
      { kind: 'params', struct: `${name}_params`, fields },
    ],
  };
}
