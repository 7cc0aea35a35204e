/** Kernel options of Conv and MatMul for the vectors of the ESP32-S3: a window at a time, its products with each channel in ACCX. */
import type { Argument, KernelCall, PackedConstant, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { leadOfSteps, windowLead } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { headerOf } from '../header-file.js';
import { convLayer, matmulLayer, rowsOf, whyNotMatrix } from '../nodes.js';
import { whyNotLarge } from '../xtensa/layer.js';
import { type DotsShape, dotsName, dotsSources, isHeld, SLACK } from './dots.js';
import { PIE_FEATURES, VECTOR, whyNotBytes } from './layer.js';

/** Vectors of a window, all of which have instructions of their own. */
const LONGEST = 256;

export const pieConv: KernelOption = {
  function: 'nanoc_conv_pie',
  family: 'native',
  needs: PIE_FEATURES,
  when: (context) => {
    if (context.required(0).quantization === undefined) return 'the input is float32';
    if (context.int('group') !== 1) return 'grouped';
    if (context.ints('dilations').some((d) => d !== 1)) return 'dilated';
    return whyNotLayer(convLayer(context, 'wide')) ?? true;
  },
  build: (context) => ({ call: convCall(context) }),
};

export const pieMatmul: KernelOption = {
  function: 'nanoc_conv_pie',
  family: 'native',
  needs: PIE_FEATURES,
  when: (context) => {
    return whyNotMatrix(context) ?? whyNotLayer(matmulLayer(context, 'wide')) ?? true;
  },
  build: (context) => ({ call: matmulCall(context) }),
};

function whyNotLayer(layer: StreamLayer): string | undefined {
  if (Math.ceil(layer.inner / VECTOR) > LONGEST) return `a window has more than ${VECTOR * LONGEST} inputs`;
  return whyNotBytes(layer) ?? whyNotLarge(layer);
}

function convCall(context: LowerContext): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const [batches, inHeight, inWidth, inChannels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = y.shape as [number, number, number, number];
  const window = windowOf(context, [inHeight, inWidth], w.shape.slice(2));
  const [height, width] = window.kernel as [number, number];
  const sizes = {
    ...{ batches, in_h: inHeight, in_w: inWidth, in_c: inChannels, out_h: outHeight, out_w: outWidth },
    ...{ out_c: outChannels, kernel_h: height, kernel_w: width },
    ...{ stride_h: window.strides[0]!, stride_w: window.strides[1]! },
    ...{ pad_top: window.pads[0]!, pad_left: window.pads[1]! },
  };
  const leaves = window.output.some((count, axis) => {
    const last = (count - 1) * window.strides[axis]! - window.pads[axis]!;
    return window.pads[axis]! > 0 || last + window.kernel[axis]! > x.shape[1 + axis]!;
  });
  const walk = { batches, height: inHeight, width: inWidth, inputPixel: inChannels, outputPixel: outChannels, window };
  return pieCall(context, convLayer(context, 'wide'), sizes, leaves, (order) => windowLead({ ...walk, order }));
}

/** Rows are the pixels of a 1x1 convolution. */
function matmulCall(context: LowerContext): KernelCall {
  const layer = matmulLayer(context, 'wide');
  const [inner, columns, rows] = [layer.inner, layer.channels.length, rowsOf(context)];
  const sizes = {
    ...{ batches: 1, in_h: 1, in_w: rows, in_c: inner, out_h: 1, out_w: rows, out_c: columns },
    ...{ kernel_h: 1, kernel_w: 1, stride_h: 1, stride_w: 1, pad_top: 0, pad_left: 0 },
  };
  const leadOf = (order: Order) => {
    const steps = Array.from({ length: rows }, (_, i) => ({ readStart: i * inner, writeEnd: (i + 1) * columns }));
    // Until the last column of a row is written the row is read.
    const again = steps.flatMap((step) => (order === 'whole' ? [step, step] : [step]));
    return leadOfSteps(again, rows * inner);
  };
  return pieCall(context, layer, sizes, false, leadOf);
}

type Order = 'whole' | 'buffered';

function pieCall(
  context: LowerContext,
  layer: StreamLayer,
  sizes: Readonly<Record<string, number>>,
  leaves: boolean,
  leadOf: (order: Order) => number,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const direct = sizes.in_c! % VECTOR === 0;
  const rows = direct ? sizes.kernel_h! : 1;
  const vectors = Math.ceil(layer.inner / rows / VECTOR);
  const clamps = { clampsLow: layer.low > -128, clampsHigh: layer.high < 127 };
  const shape: DotsShape = { rows, vectors, channels: layer.channels.length, direct, ...clamps };
  const name = dotsName(shape);
  const copies = !direct || leaves;
  const ints = { ...sizes, x_zero: zeroOf(x), y_zero: layer.zeroPoint, low: layer.low, high: layer.high };
  const fields: Record<string, ParamValue> = {
    ...Object.fromEntries(Object.entries(ints).map(([key, int]): [string, ParamValue] => [key, { int }])),
    weights: { constant: weightsOf(layer, VECTOR * rows * vectors) },
    channels: { constant: channelsOf(layer) },
  };
  const scratch: Argument = copies ? { kind: 'scratch' } : { kind: 'null' };
  return {
    node: context.node,
    family: 'native',
    function: name,
    header: headerOf(name),
    sources: [],
    hasVectors: true,
    generated: dotsSources(shape),
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      scratch,
      { kind: 'params', struct: 'nanoc_pie_conv_params', fields },
    ],
    ...(copies ? { scratch: { bytes: VECTOR * rows * vectors, alignment: VECTOR } } : {}),
    ...(direct ? { alignment: VECTOR } : {}),
    overlaps: [{ input: x.name, output: y.name, lead: leadOf(!direct || isHeld(shape) ? 'buffered' : 'whole') }],
    macs: macsOf(y, layer.inner),
  };
}

/** Each channel in whole vectors, filled up with zeros. */
function weightsOf({ weights, inner, channels }: StreamLayer, bytes: number): PackedConstant {
  const data = new Int8Array(channels.length * bytes + SLACK);
  channels.forEach((_, c) => {
    data.set(weights.subarray(c * inner, (c + 1) * inner), c * bytes);
  });
  return { suffix: 'weights', data, role: 'weights', alignment: VECTOR };
}

/** Four words for each channel, as nanoc/pie.h has them. */
function channelsOf({ channels }: StreamLayer): PackedConstant {
  const words = new Int32Array(4 * channels.length);
  const scales = new Float32Array(words.buffer);
  channels.forEach(({ bias, scale }, c) => {
    words.set([bias, bias < 0 ? 0 : 1], 4 * c);
    scales[4 * c + 2] = scale;
  });
  return { suffix: 'channels', data: words, role: 'bias', alignment: VECTOR };
}
