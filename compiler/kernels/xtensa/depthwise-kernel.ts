/** Kernel options of depthwise Conv for Xtensa cores with MAC16 and FPU: one channel at a time, widened whole. */

import type { Argument, KernelCall, Overlap, ParamValue } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, outputScales, zeroOf } from '../../ops/shared/convolution.js';
import { type Window, windowOf } from '../../ops/shared/window.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { depthwiseLayer, whyNotDepthwise } from '../nodes.js';
import { LX_FEATURES, outputField, scratchRoom, whyNotLarge } from './layer.js';

export const lxDepthwise3x3: KernelOption = {
  function: 'nanoc_depthwise_3x3_lx_s8',
  family: 'native',
  needs: LX_FEATURES,
  when: (context) => {
    const refusal = whyNot(context);
    if (refusal !== undefined) return refusal;
    return isThree(depthwiseWindow(context)) ? fits(context, planeOfThree) : 'not 3x3 with stride 1';
  },
  build: (context) => ({ call: threeCall(context) }),
};

export const lxDepthwise: KernelOption = {
  function: 'nanoc_depthwise_lx_s8',
  family: 'native',
  needs: LX_FEATURES,
  when: (context) => {
    const refusal = whyNot(context);
    if (refusal !== undefined) return refusal;
    if (alongDilation(context) !== 1) return 'dilated along the rows of a plane';
    if (isThreeWide(depthwiseWindow(context))) return 'nanoc_depthwise_s8 takes four outputs of such a row at a time';
    if (elementCount(depthwiseWindow(context).output) < FEWEST_OUTPUTS) return 'few outputs for each widened input';
    return fits(context, planeOfAny);
  },
  build: (context) => ({ call: anyCall(context) }),
};

/** One output for each channel. */
export const lxDepthwiseOne: KernelOption = {
  function: 'nanoc_depthwise_one_lx_s8',
  family: 'native',
  needs: LX_FEATURES,
  when: (context) => {
    const refusal = whyNot(context);
    if (refusal !== undefined) return refusal;
    const { kernel, pads } = depthwiseWindow(context);
    const [, height, width] = context.required(0).shape;
    const whole = kernel[0] === height && kernel[1] === width && pads.every((pad) => pad === 0);
    return whole || 'the window is not the whole image';
  },
  build: (context) => ({ call: oneCall(context) }),
};

/** Outputs of a channel from which on widening its inputs pays. */
const FEWEST_OUTPUTS = 3;

function whyNot(context: LowerContext): string | undefined {
  const refusal = whyNotDepthwise(context);
  if (refusal !== undefined) return refusal;
  if (context.required(0).shape[0] !== 1) return 'more than one image';
  return whyNotLarge(depthwiseLayer(context));
}

function depthwiseWindow(context: LowerContext): Window {
  const [, height, width] = context.required(0).shape as [number, number, number];
  return windowOf(context, [height, width], context.required(1).shape.slice(2));
}

function isThree({ kernel, strides, dilations }: Window): boolean {
  return kernel.every((k) => k === 3) && [...strides, ...dilations].every((s) => s === 1);
}

/** Several rows of three taps side by side. */
function isThreeWide({ kernel, strides, dilations }: Window): boolean {
  return kernel[0]! > 1 && kernel[1] === 3 && strides[1] === 1 && dilations[1] === 1;
}

type PlaneOf = (context: LowerContext) => number;

function fits(context: LowerContext, planeOf: PlaneOf): true | string {
  return planeOf(context) <= scratchRoom(context) || 'a channel takes too much scratch';
}

/** Bytes of scratch. */
function planeOfThree(context: LowerContext): number {
  const { across, along } = axesOf(context);
  return 8 * Math.ceil(across.out / 2) * (along.out + 2);
}

function planeOfAny(context: LowerContext): number {
  const { across, along, dilation } = axesOf(context);
  const words = Math.ceil(((along.out - 1) * along.stride + along.kernel) / 2) + 1;
  const rows = (across.out - 1) * across.stride + (across.kernel - 1) * dilation + 1;
  return 4 * rows * words * (along.stride % 2 === 1 ? 2 : 1);
}

interface Axis {
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly in_step: number;
  readonly out_step: number;
}

/** Rows of a plane go along the longer side of the window; of a 3x3 window along the side that takes fewer instructions. */
function turned(window: Window): boolean {
  const [height, width] = window.output as [number, number];
  if (isThree(window)) return costOfThree(width, height) < costOfThree(height, width);
  return window.kernel[0]! > window.kernel[1]!;
}

/** Instructions of a channel, about: pairs of rows of outputs, each with its columns, and pairs of rows that are widened. */
function costOfThree(rows: number, columns: number): number {
  const pairs = Math.ceil(rows / 2);
  return pairs * (45 + 46 * columns) + (pairs + 1) * (55 + 11 * (columns + 2));
}

function alongDilation(context: LowerContext): number {
  const window = depthwiseWindow(context);
  return window.kernel[turned(window) ? 0 : 1] === 1 ? 1 : window.dilations[turned(window) ? 0 : 1]!;
}

function axesOf(context: LowerContext): { across: Axis; along: Axis; dilation: number; turned: boolean } {
  const window = depthwiseWindow(context);
  const [, , inWidth, channels] = context.required(0).shape as [number, number, number, number];
  const outWidth = window.output[1]!;
  const axis = (side: 0 | 1): Axis => ({
    ...{ in: context.required(0).shape[1 + side]!, out: window.output[side]!, kernel: window.kernel[side]! },
    ...{ stride: window.strides[side]!, pad: window.pads[side]! },
    in_step: side === 0 ? inWidth * channels : channels,
    out_step: side === 0 ? outWidth * channels : channels,
  });
  const isTurned = turned(window);
  const [across, along] = isTurned ? [axis(1), axis(0)] : [axis(0), axis(1)];
  return { across, along, dilation: window.dilations[isTurned ? 1 : 0]!, turned: isTurned };
}

function pair(low: number, high: number): number {
  return ((low & 0xffff) | (high << 16)) >>> 0;
}

function threeCall(context: LowerContext): KernelCall {
  const layer = depthwiseLayer(context);
  const isTurned = axesOf(context).turned;
  const words = layer.channels.flatMap((_, c) => {
    const at = (row: number, column: number) =>
      layer.weights[9 * c + (isTurned ? 3 * column + row : 3 * row + column)]!;
    const upper = [0, 1, 2].map((column) => pair(at(0, column), at(1, column)));
    return [...upper, pair(at(2, 0), at(2, 1)), pair(at(2, 2), 0)];
  });
  return depthwiseCall(context, 'nanoc_depthwise_3x3_lx_s8', layer, words, planeOfThree(context));
}

function anyCall(context: LowerContext): KernelCall {
  const layer = depthwiseLayer(context);
  const { across, along, turned } = axesOf(context);
  const rowWords = 2 * Math.floor(Math.ceil(along.kernel / 2) / 2) + 1;
  const weightAt = (channel: number, row: number, k: number): number => {
    if (k >= along.kernel) return 0;
    const tap = turned ? k * across.kernel + row : row * along.kernel + k;
    return layer.weights[channel * layer.inner + tap]!;
  };
  const words = layer.channels.flatMap((_, c) =>
    Array.from({ length: across.kernel * rowWords }, (_, i) => {
      const [row, word] = [Math.floor(i / rowWords), i % rowWords];
      return pair(weightAt(c, row, 2 * word), weightAt(c, row, 2 * word + 1));
    }),
  );
  return depthwiseCall(context, 'nanoc_depthwise_lx_s8', layer, [...words, 0], planeOfAny(context));
}

/** The window is the whole image: a single row of taps. */
function oneCall(context: LowerContext): KernelCall {
  const layer = depthwiseLayer(context);
  const { inner, weights } = layer;
  const words = layer.channels.flatMap((_, c) =>
    Array.from({ length: Math.ceil(inner / 2) }, (_, i) =>
      pair(weights[c * inner + 2 * i]!, 2 * i + 1 < inner ? weights[c * inner + 2 * i + 1]! : 0),
    ),
  );
  const axes = { ...axesOf(context), along: { ...axesOf(context).along, kernel: inner } };
  const params = paramsOf(
    context,
    layer,
    axes,
    [...words, 0],
    layer.channels.map(({ bias }) => bias),
  );
  // An output is written after its channel is read; the first inputs of later channels are still to be read.
  const overlaps = [{ input: context.required(0).name, output: context.output(0).name, lead: 0 }];
  const { scratch: _, ...call } = callOf(context, layer, 'nanoc_depthwise_one_lx_s8', params, overlaps, 0);
  return { ...call, arguments: call.arguments.filter(({ kind }) => kind !== 'scratch') };
}

function depthwiseCall(
  context: LowerContext,
  name: string,
  layer: StreamLayer,
  words: readonly number[],
  scratchBytes: number,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const axes = axesOf(context);
  const starts = layer.channels.map(({ bias }, c) => {
    const weights = Array.from(layer.weights.subarray(c * layer.inner, (c + 1) * layer.inner));
    return (bias - 128 * weights.reduce((a, b) => a + b, 0)) | 0;
  });
  // A channel is read whole before it is written, and the others lie between.
  const overlap = { input: x.name, output: y.name, lead: -elementCount(x.shape), multiple: layer.channels.length };
  return callOf(context, layer, name, paramsOf(context, layer, axes, words, starts), [overlap], scratchBytes);
}

function paramsOf(
  context: LowerContext,
  layer: StreamLayer,
  axes: ReturnType<typeof axesOf>,
  words: readonly number[],
  starts: readonly number[],
): Argument {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const axisFields = (axis: Axis): ParamValue => ({
    fields: Object.fromEntries(Object.entries(axis).map(([key, int]): [string, ParamValue] => [key, { int }])),
  });
  const fields: Readonly<Record<string, ParamValue>> = {
    channels: { int: layer.channels.length },
    across: axisFields(axes.across),
    along: axisFields(axes.along),
    dilation: { int: axes.dilation },
    x_zero: { int: zeroOf(x) },
    weights: { constant: { suffix: 'weights', data: Uint32Array.from(words), role: 'weights', alignment: 4 } },
    start: { constant: { suffix: 'start', data: Int32Array.from(starts), role: 'bias' } },
    output: outputField(layer, outputScales(x, w, y)),
  };
  return { kind: 'params', struct: 'nanoc_lx_depthwise_params', fields };
}

function callOf(
  context: LowerContext,
  layer: StreamLayer,
  name: string,
  params: Argument,
  overlaps: readonly Overlap[],
  scratchBytes: number,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  return {
    node: context.node,
    family: 'native',
    function: name,
    header: 'nanoc/xtensa.h',
    sources: [`xtensa/${name}.c`],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      params,
    ],
    scratch: { bytes: scratchBytes, alignment: 8 },
    overlaps,
    macs: macsOf(y, layer.inner),
  };
}
