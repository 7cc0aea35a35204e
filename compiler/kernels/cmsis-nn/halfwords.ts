/**
 * Products of int16 activations with int8 weights: `arm_convolve_wrapper_s16`, `arm_depthwise_conv_wrapper_s16`, `arm_fully_connected_s16`.
 *
 * The library has no zero points here: padding is 0, and nothing is added to the result. One of the input goes into the bias where nothing is
 * padded. Convolutions take a bias of 32 bits, sums of 32 bits and multipliers of 31; the others sums of 64 bits, whose multipliers are
 * reduced to 15.
 */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { type QuantizedMultiplier, quantizeMultiplier } from '../../numerics/law.js';
import type { LowerContext } from '../../ops/define.js';
import { constantOf, macsOf, realFactors, transposed, zeroOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { hasZeroPoints } from '../arm-dsp/layer.js';
import { rowsOf } from '../nodes.js';
import { reachOf } from '../requantization-plan.js';
import { type Geometry, geometryOf, rowsGeometry } from '../vendor/layer.js';
import { activation, factorFields, type VendorFunction } from '../vendor/option.js';
import { overflows, requantizationFields, TOO_LARGE } from '../vendor/requantization.js';
import { roundUp } from '../vendor/round-up.js';
import { weightField, weightRows } from '../vendor/weights.js';
import { windowCall } from './convolve.js';
import { cmsisCall, cmsisOption, coreOf, dims } from './option.js';
import { convolveBytesS16, depthwiseBytesS16 } from './scratch.js';

/** float32 of ONNX has ties and roundings of its own at some of 65,536 thresholds: no multiplier of 31 bits has them all. */
export const HALFWORD_PROFILE = 'profile tflite: results of 16 bits are rounded by the library';
const REDUCED = `${HALFWORD_PROFILE}, with multipliers of 15 bits`;

export function noZeroPoint(name: string): string {
  return `"${name}" has a zero point, of which the library knows nothing for int16`;
}

const CONVOLVE: VendorFunction = { adapter: 'nanoc_cmsis_convolve_s16', functions: ['arm_convolve_wrapper_s16'] };
const DEPTHWISE: VendorFunction = {
  adapter: 'nanoc_cmsis_depthwise_s16',
  functions: ['arm_depthwise_conv_wrapper_s16'],
};
const FULLY_CONNECTED: VendorFunction = {
  adapter: 'nanoc_cmsis_fully_connected_s16',
  functions: ['arm_fully_connected_s16'],
};

export const cmsisConvolveS16 = cmsisOption({
  ...CONVOLVE,
  takes: 'int16',
  whyNot: (context, library) => {
    if (context.int('group') !== 1) return 'grouped';
    return whyNotProduct(context, geometryOf(context)) ?? whyNotNarrow(context, library);
  },
  build: (context, library) => convolveCall(context, library, geometryOf(context)),
});

/** Rows as pixels. */
export const cmsisMatmulS16 = cmsisOption({
  ...CONVOLVE,
  takes: 'int16',
  whyNot: (context, library) => whyNotMatrix(context) ?? whyNotNarrow(context, library),
  build: (context, library) => convolveCall(context, library, rowsGeometry(context)),
});

export const cmsisDepthwiseS16 = cmsisOption({
  ...DEPTHWISE,
  takes: 'int16',
  whyNot: (context) => {
    const isDepthwise = context.required(1).shape[1] === 1 && context.int('group') === context.required(0).shape[3];
    if (!isDepthwise || context.int('group') === 1) return 'not one filter for each channel';
    return whyNotProduct(context, geometryOf(context)) ?? whyNotWide(context);
  },
  build: (context) => depthwiseCall(context, geometryOf(context)),
});

export const cmsisFullyConnectedS16 = cmsisOption({
  ...FULLY_CONNECTED,
  takes: 'int16',
  whyNot: (context) => {
    const refusal = whyNotMatrix(context);
    if (refusal !== undefined) return refusal;
    if (new Set(context.required(1).quantization!.scale).size > 1) return 'the columns have scales of their own';
    return whyNotWide(context);
  },
  build: fullyConnectedCall,
});

/** With a geometry when there can be padding. */
function whyNotProduct(context: LowerContext, g?: Geometry): string | undefined {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  if (w.constant === undefined) return 'the right side is computed at run time';
  if (w.dtype !== 'int8') return `the weights are ${w.dtype}`;
  if (hasZeroPoints(context)) return 'the weights have a zero point';
  if (y.dtype !== 'int16') return `the output is ${y.dtype}`;
  if (perTensor(y).zeroPoint !== 0) return noZeroPoint(y.name);
  const isPadded = g !== undefined && [...g.pads, ...g.trailing].some((n) => n > 0);
  return isPadded && zeroOf(x) !== 0 ? noZeroPoint(x.name) : undefined;
}

function whyNotMatrix(context: LowerContext): string | undefined {
  return whyNotProduct(context) ?? (context.required(1).shape.length === 2 ? undefined : 'the right side is no matrix');
}

interface Channel {
  readonly factor: QuantizedMultiplier;
  /** With the input's zero point in it. */
  readonly bias: number;
  /** The least and the greatest sum, without the bias and with it. */
  readonly sums: ReturnType<typeof reachOf>;
  readonly reach: ReturnType<typeof reachOf>;
}

function channelsOf(context: LowerContext): Channel[] {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const rows = weightRows(context);
  const channels = y.shape.at(-1)!;
  const inner = rows.length / channels;
  const bias = context.input(2) === undefined ? undefined : (constantOf(context, 2).data as Int32Array);
  const factors = realFactors(x, w, y).map(quantizeMultiplier);
  const { low, high, zeroPoint } = perTensor(x);
  return Array.from({ length: channels }, (_, c) => {
    const sum = rows.subarray(c * inner, (c + 1) * inner).reduce((total, weight) => total + weight, 0);
    const folded = (bias?.[c] ?? 0) - zeroPoint * sum;
    return {
      factor: factors[factors.length === 1 ? 0 : c]!,
      bias: folded,
      sums: reachOf(rows, c * inner, inner, 0, low, high),
      reach: reachOf(rows, c * inner, inner, folded, low, high),
    };
  });
}

const magnitude = ({ least, greatest }: Channel['reach']) => Math.max(-least, greatest);

/** Of convolutions: sums and bias of 32 bits. Copies before 7.0 have a bias of 64 bits, and multiply as `arm_nn_requantize_s64`. */
function whyNotNarrow(context: LowerContext, { files }: Library): string | undefined {
  if (!files.some(({ content }) => content.includes('cmsis_nn_bias_data'))) {
    return 'the copy of CMSIS-NN is of before the bias of 32 bits (cmsis_nn_bias_data)';
  }
  const isTooLarge = ({ factor, sums, reach }: Channel) =>
    magnitude(sums) >= 2 ** 31 || magnitude(reach) >= 2 ** 31 || overflows({ reach }, factor);
  return channelsOf(context).some(isTooLarge) ? TOO_LARGE : undefined;
}

/** Of the others: products add up in 32 bits on cores with DSP or Helium, and a result has 31 bits before it is clamped. */
function whyNotWide(context: LowerContext): string | undefined {
  const isTooLarge = ({ factor: { multiplier, shift }, sums, reach }: Channel) =>
    magnitude(sums) >= 2 ** 31 || shift > 14 || magnitude(reach) * multiplier * 2 ** (shift - 31) >= 2 ** 30 - 1;
  return channelsOf(context).some(isTooLarge) ? TOO_LARGE : undefined;
}

function convolveCall(context: LowerContext, { law }: Library, g: Geometry): KernelCall {
  const channels = channelsOf(context);
  const weights = weightRows(context);
  const bias = Int32Array.from(channels, (channel) => channel.bias);
  return windowCall(context, CONVOLVE, g, {
    inputOffset: 0,
    scratchBytes: convolveBytesS16(g, coreOf(context)),
    constants: {
      ...weightField(weights, 4),
      bias: { constant: { suffix: 'bias', data: bias, role: 'bias' } },
      ...requantizationFields({ factors: channels.map(({ factor }) => factor), solved: 0 }),
    },
    filter: dims(g.outChannels, g.kernel[0], g.kernel[1], g.inChannels),
    extra: {
      ...{ macs: macsOf(context.output(0), weights.length / g.outChannels), law, alignment: 2 },
      remarks: [HALFWORD_PROFILE],
    },
  });
}

/** Helium reads four channels at a time, the last ones too. */
function depthwiseCall(context: LowerContext, g: Geometry): KernelCall {
  const channels = channelsOf(context);
  const rows = weightRows(context);
  const count = roundUp(channels.length, 4);
  const weights = new Int8Array(rows.length + count - channels.length);
  weights.set(transposed(rows, g.outChannels));
  const bias = BigInt64Array.from({ length: count }, (_, c) => BigInt(channels[c]?.bias ?? 0));
  const factors = Array.from({ length: count }, (_, c) => channels[c]?.factor ?? { multiplier: 0, shift: 0 });
  const multiplier = g.outChannels / g.inChannels;
  return windowCall(context, DEPTHWISE, g, {
    ...{ inputOffset: 0, multiplier, scratchBytes: depthwiseBytesS16({ ...g, multiplier }, coreOf(context)) },
    constants: {
      ...weightField(weights, 4),
      bias: { constant: { suffix: 'bias', data: bias, role: 'bias' } },
      ...requantizationFields({ factors, solved: 0 }),
    },
    filter: dims(1, g.kernel[0], g.kernel[1], g.outChannels),
    extra: {
      ...{ macs: macsOf(context.output(0), rows.length / g.outChannels), law: 'tflite-reduced', alignment: 2 },
      remarks: [REDUCED],
    },
  });
}

function fullyConnectedCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const [inner, columns] = context.required(1).shape as [number, number];
  const channels = channelsOf(context);
  const bias = BigInt64Array.from(channels, (channel) => BigInt(channel.bias));
  const rows = rowsOf(context);
  const offsets: Record<string, ParamValue> = {
    input_offset: { int: 0 },
    filter_offset: { int: 0 },
    output_offset: { int: 0 },
  };
  const fields = {
    ...weightField(weightRows(context), 4),
    bias: { constant: { suffix: 'bias', data: bias, role: 'bias' as const } },
    quantization: { fields: factorFields(channels[0]!.factor) },
    layer: { fields: { ...offsets, activation: activation(clampOf(context, y)) } },
    input: dims(rows, 1, 1, inner),
    filter: dims(inner, 1, 1, columns),
    output: dims(rows, 1, 1, columns),
  };
  const call = { ...FULLY_CONNECTED, inputs: [x.name], scratchBytes: 0, fields };
  return cmsisCall(context, call, { macs: macsOf(y, inner), law: 'tflite-reduced', remarks: [REDUCED], alignment: 2 });
}
