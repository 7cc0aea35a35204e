/** Kernel option of depthwise Conv for the vectors of the ESP32-S3: 16 channels at a time, their sums in QACC. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { rowsLead } from '../../ops/shared/overlap.js';
import { type Window, windowOf } from '../../ops/shared/window.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { headerOf } from '../header-file.js';
import { depthwiseLayer, whyNotDepthwise } from '../nodes.js';
import { whyNotLarge } from '../xtensa/layer.js';
import { type DepthwiseShape, depthwiseName, depthwiseSources } from './depthwise-source.js';
import { PIE_FEATURES, VECTOR, whyNotBytes } from './layer.js';

/** Each has an instruction of its own. */
const MOST_TAPS = 64;
/** Lanes of QACC have 20 bits. */
const LARGEST_SUM = 2 ** 19 - 1;

export const pieDepthwise: KernelOption = {
  function: 'nanoc_depthwise_pie',
  family: 'native',
  needs: PIE_FEATURES,
  when: (context) => {
    const refusal = whyNotDepthwise(context);
    if (refusal !== undefined) return refusal;
    const [batches, , , channels] = context.required(0).shape as [number, number, number, number];
    if (channels % VECTOR !== 0) return `channels are no multiple of ${VECTOR}`;
    if (batches !== 1) return 'more than one image';
    const { kernel, dilations } = depthwiseWindow(context);
    if (dilations.some((d) => d !== 1)) return 'dilated';
    if (kernel[0]! * kernel[1]! > MOST_TAPS) return `a window has more than ${MOST_TAPS} elements`;
    const layer = depthwiseLayer(context);
    return whyNotBytes(layer) ?? whyNotNarrow(layer) ?? whyNotLarge(layer) ?? true;
  },
  build: (context) => ({ call: depthwiseCall(context) }),
};

function depthwiseWindow(context: LowerContext): Window {
  const [, height, width] = context.required(0).shape as [number, number, number];
  return windowOf(context, [height, width], context.required(1).shape.slice(2));
}

/** Sums on the way count too: lanes saturate. */
function whyNotNarrow({ channels, weights, inner }: StreamLayer): string | undefined {
  const fits = channels.every(({ bias }, c) => {
    const filter = Array.from(weights.subarray(c * inner, (c + 1) * inner));
    const most = filter.reduce((sum, w) => sum + 128 * Math.abs(w), Math.abs(bias));
    return most <= LARGEST_SUM;
  });
  return fits ? undefined : 'a sum could have more than 20 bits';
}

function depthwiseCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const [batches, height, width, channels] = x.shape as [number, number, number, number];
  const window = depthwiseWindow(context);
  const [kernel, strides, pads, output] = [window.kernel, window.strides, window.pads, window.output] as [
    [number, number],
    [number, number],
    readonly number[],
    [number, number],
  ];
  const layer = depthwiseLayer(context);
  const clamps = { clampsLow: layer.low > -128, clampsHigh: layer.high < 127 };
  const shape: DepthwiseShape = { kernel, stride: strides[1], ...clamps };
  const name = depthwiseName(shape);
  const columns = Math.max(pads[1]! + width, (output[1] - 1) * strides[1] + kernel[1]);
  const ints = {
    ...{ in_h: height, in_w: width, channels, out_h: output[0], out_w: output[1], kernel_h: kernel[0] },
    ...{ stride_h: strides[0], pad_top: pads[0]!, pad_left: pads[1]!, columns },
    ...{ x_zero: zeroOf(x), y_zero: layer.zeroPoint, low: layer.low, high: layer.high },
  };
  const scales = Float32Array.from(layer.channels, ({ scale }) => scale);
  const fields: Record<string, ParamValue> = {
    ...Object.fromEntries(Object.entries(ints).map(([key, int]): [string, ParamValue] => [key, { int }])),
    weights: { constant: { suffix: 'weights', data: weightsOf(layer), role: 'weights', alignment: VECTOR } },
    starts: { constant: { suffix: 'starts', data: startsOf(layer), role: 'bias', alignment: VECTOR } },
    scales: { constant: { suffix: 'scales', data: scales, role: 'scale' } },
  };
  return {
    node: context.node,
    family: 'native',
    function: name,
    header: headerOf(name),
    sources: [],
    hasVectors: true,
    generated: depthwiseSources(shape),
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      { kind: 'params', struct: 'nanoc_pie_depthwise_params', fields },
    ],
    scratch: { bytes: kernel[0] * columns * channels, alignment: VECTOR },
    alignment: VECTOR,
    // A row of the input is copied before the outputs that it is for are written.
    overlaps: [{ input: x.name, output: y.name, lead: rowsLead({ batches, height, width, window }) * channels }],
    macs: macsOf(y, layer.inner),
  };
}

/** [channels / 16][taps][16] */
function weightsOf({ weights, inner, channels }: StreamLayer): Int8Array {
  return Int8Array.from({ length: channels.length * inner }, (_, i) => {
    const tap = Math.floor(i / VECTOR) % inner;
    const channel = VECTOR * Math.floor(i / (VECTOR * inner)) + (i % VECTOR);
    return weights[channel * inner + tap]!;
  });
}

/** 20 bits for each channel, as QACC is loaded: 8 channels in 20 bytes of 32. */
function startsOf({ channels }: StreamLayer): Uint8Array {
  const bytes = new Uint8Array(4 * channels.length);
  channels.forEach(({ bias }, c) => {
    for (let j = 0; j < 20; j += 1) {
      const bit = 20 * (c % 8) + j;
      bytes[32 * Math.floor(c / 8) + (bit >> 3)]! |= ((bias >> j) & 1) << (bit & 7);
    }
  });
  return bytes;
}
