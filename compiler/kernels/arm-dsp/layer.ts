/** What the DSP kernels of Conv and MatMul read from a node. */
import type { Argument, KernelCall } from '../../ir/kernel-call.js';
import type { LowerContext, LoweredCall } from '../../ops/define.js';
import { constantOf, outputScales, packWeights, weightZeroPoints, zeroOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { type ChannelSums, reachOf } from '../requantization-plan.js';
import { type Packing, paddedInner, type Segment, type Stream, type StreamLayer } from './stream.js';

/**
 * What a kernel does with zero points of weights, since sum((w - z) * x) = sum(w * x) - z * sum(x):
 * - `lanes`: a byte a weight; further inputs, which the kernel sets so that they add up to sum(x), have the weight -z
 * - `wide`: w - z, which needs nine bits
 * - `centred`: w - z in the channels where it fits int8 for all weights; the others keep their zero point, for a kernel that has sum(x)
 */
export type ZeroPointForm = 'lanes' | 'wide' | 'centred';

/** The layer of a Conv or MatMul node whose weights have been brought into the order [channels][inner]. */
export function layerOf(context: LowerContext, weights: Int8Array, channels: number, form: ZeroPointForm): StreamLayer {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const inner = weights.length / channels;
  const bias = context.input(2) === undefined ? undefined : (constantOf(context, 2).data as Int32Array);
  const zeros = weightZeroPoints(w, channels);
  const folded = packWeights(weights, channels, inner, 1, zeros, bias, x).bias;
  const scales = outputScales(x, w, y);
  const { low, high } = perTensor(x);
  const real = hasZeroPoints(context) ? withoutZeros(weights, inner, zeros) : weights;
  const sums = Array.from({ length: channels }, (_, c): ChannelSums => {
    const scale = scales[scales.length === 1 ? 0 : c]!;
    return { bias: folded[c]!, scale, reach: reachOf(real, c * inner, inner, folded[c]!, low, high) };
  });
  const [clampLow, clampHigh] = clampOf(context, y);
  const asIs = !(hasZeroPoints(context) || (form === 'lanes' && pairsClash(weights, inner)));
  const stored = asIs ? { weights } : withoutZeroPoints(weights, real, inner, zeros, form);
  const output = { zeroPoint: perTensor(y).zeroPoint, low: clampLow, high: clampHigh };
  const unbiased = bias?.every((each) => each === 0) ?? true;
  return { inner, sumLanes: 0, ...stored, channels: sums, unbiased, ...output };
}

/** w - z */
export function withoutZeros(weights: Int8Array, inner: number, zeros: Int32Array): Int16Array {
  return new Int16Array(weights).map((weight, i) => weight - zeros[Math.floor(i / inner)]!);
}

/** @param real w - z */
function withoutZeroPoints(
  weights: Int8Array,
  real: Int8Array | Int16Array,
  inner: number,
  zeros: Int32Array,
  form: ZeroPointForm,
): Pick<StreamLayer, 'weights'> & Partial<StreamLayer> {
  if (form === 'wide') return { weights: real };
  return form === 'lanes' ? withSumLanes(weights, inner, zeros) : centred(weights, real, inner, zeros);
}

function centred(
  weights: Int8Array,
  real: Int8Array | Int16Array,
  inner: number,
  zeros: Int32Array,
): Pick<StreamLayer, 'weights' | 'weightZeros'> {
  const rows = weights.slice();
  const weightZeros = zeros.map((zero, c) => {
    const row = real.subarray(c * inner, (c + 1) * inner);
    if (row.some((weight) => weight < -128 || weight > 127)) return zero;
    rows.set(row, c * inner);
    return 0;
  });
  return weightZeros.some((zero) => zero !== 0) ? { weights: rows, weightZeros } : { weights: rows };
}

/** What the lanes of the sum can carry: four halfwords, less what a division leaves. */
const LANE_SUM = 4 * 32500;

function withSumLanes(
  weights: Int8Array,
  inner: number,
  zeros: Int32Array,
): Pick<StreamLayer, 'weights' | 'inner' | 'sumLanes'> {
  const padded = paddedInner(inner);
  const sumLanes = 4 * Math.ceil((128 * inner) / LANE_SUM);
  const total = padded + sumLanes;
  const rows = new Int8Array(zeros.length * total);
  zeros.forEach((zero, c) => {
    const row = weights.subarray(c * inner, (c + 1) * inner);
    // One higher, with its zero point, -128 is no trouble to the neighbour that shares its halfwords.
    const lift = row.includes(-128) && !row.includes(127) && zero < 127 ? 1 : 0;
    rows.set(
      row.map((weight) => weight + lift),
      c * total,
    );
    rows.fill(-(zero + lift), c * total + padded, (c + 1) * total);
  });
  return { weights: rows, inner: total, sumLanes };
}

/** Whether some weight is -128 while that of a neighbouring channel is negative: 256 * -128 + w0 does not fit a halfword. */
function pairsClash(weights: Int8Array, inner: number): boolean {
  return weights.some((w, i) => w === -128 && ((weights[i - inner] ?? 0) < 0 || (weights[i + inner] ?? 0) < 0));
}

/** How weights lie in flash. */
export function packingFor({ optimize }: LowerContext): Packing {
  return optimize === 'speed' ? 'halfwords' : 'bytes';
}

/** Halfwords have room for w - z. */
export function zeroPointFormFor(context: LowerContext): ZeroPointForm {
  return packingFor(context) === 'halfwords' ? 'wide' : 'lanes';
}

/** Whether some weight has a zero point that is not 0. */
export function hasZeroPoints(context: LowerContext): boolean {
  return context.required(1).quantization?.zeroPoint.some((zero) => zero !== 0) ?? false;
}

/** A zero point of -128 has no negative among the int8 numbers, which `withoutZeroPoints` would need. */
export function hasLowestZeroPoint(context: LowerContext): boolean {
  return context.required(1).quantization?.zeroPoint.includes(-128) ?? false;
}

/** True when the activation has bounds of its own, which saturation to int8 does not give. */
export function clamps(layer: StreamLayer): boolean {
  return layer.low > -128 || layer.high < 127;
}

/** The parameter struct `nanoc_dsp_params`. */
export function paramsOf(context: LowerContext, layer: StreamLayer, stream: Stream): Argument {
  const segments = stream.segments.flatMap((s) => [s.kind === 'exact' ? 1 : 0, s.firstChannel, s.firstWord, s.endWord]);
  return {
    kind: 'params',
    struct: 'nanoc_dsp_params',
    fields: {
      x_zero: { int: zeroOf(context.required(0)) },
      y_zero: { int: layer.zeroPoint },
      low: { int: layer.low },
      high: { int: layer.high },
      stream: { constant: { suffix: 'weights', data: stream.words, role: 'weights', alignment: 4 } },
      segments: { constant: { suffix: 'segments', data: Int32Array.from(segments), role: 'parameters' } },
      segment_count: { int: stream.segments.length },
    },
  };
}

/**
 * For streams of groups of four channels, a byte a weight, without sums behind the inputs.
 * @param starts words of a group before its weights
 */
export function packedRowsOf(layer: StreamLayer, params: Argument, starts: 0 | 4 = 4): Pick<KernelCall, 'packedRows'> {
  if (layer.sumLanes > 0 || !(layer.weights instanceof Int8Array) || params.kind !== 'params') return {};
  const { stream, segments } = params.fields;
  const fields = { stream: stream!, segments: segments!, starts: { int: starts } };
  return { packedRows: { name: 'nanoc_gather_dsp', struct: 'nanoc_gather_dsp_params', fields } };
}

/** Which requantizations a stream has, in the order in which names mention them. */
export function kindsOf(stream: Stream): ('fixed' | 'exact')[] {
  return (['fixed', 'exact'] as const).filter((kind) => stream.segments.some((segment) => segment.kind === kind));
}

/** Lines for the report. */
export function requantizationRemarks(stream: Stream): string[] {
  const { fixedChannels, exactChannels } = stream;
  if (exactChannels === 0) return [];
  return [
    `${exactChannels} of ${fixedChannels + exactChannels} channels are requantized in float: for them or a neighbour no multiplier is exact`,
  ];
}

/** The call for a shape, and the one for the function that has both requantizations. */
export function withGeneral<Shape extends { readonly kinds: readonly Segment['kind'][] }>(
  shape: Shape,
  callOf: (shape: Shape) => KernelCall,
  nameOf: (shape: Shape) => string,
): LoweredCall {
  if (shape.kinds.length === 2) return { call: callOf(shape) };
  const both: Shape = { ...shape, kinds: ['fixed', 'exact'] };
  return { call: callOf(shape), general: { function: nameOf(both), build: () => callOf(both) } };
}
