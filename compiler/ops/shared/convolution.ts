/** What Conv and ConvTranspose share: the reference loops, weights in the order of the kernels, the proof of the accumulator. */
import type { Value } from '../../ir/graph.js';
import type { ParamValue } from '../../ir/kernel-call.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import { multiplyByQuantizedMultiplier, quantizeMultiplier } from '../../numerics/law.js';
import { productScale, requantize } from '../../numerics/requantize.js';
import { clamp } from '../../numerics/round.js';
import type { LowerContext, NodeView } from '../define.js';
import { clampOf, floatClampOf, lawOf, perTensor } from './quantized.js';

export const INT32_MAX = 2147483647;

/** Output scales, one for each channel or one for all. */
export function outputScales(x: Value, w: Value, y: Value): Float32Array {
  const sx = x.quantization!.scale[0]!;
  const sy = y.quantization!.scale[0]!;
  return Float32Array.from(w.quantization!.scale, (sw) => productScale(sx, sw, sy));
}

/** sx * sw / sy in double, one for each channel or one for all: what TFLite's `PopulateConvolutionQuantizationParams` quantizes. */
export function realFactors(x: Value, w: Value, y: Value): number[] {
  const sx = x.quantization!.scale[0]!;
  const sy = y.quantization!.scale[0]!;
  return w.quantization!.scale.map((sw) => (sx * sw) / sy);
}

/** Zero points of the weights by output channel. */
export function weightZeroPoints(w: Value, channels: number): Int32Array {
  const zero = w.quantization!.zeroPoint;
  return Int32Array.from({ length: channels }, (_, i) => zero[zero.length === 1 ? 0 : i]!);
}

/** Turns sums into results: requantized bytes, or floats with the clamp applied. */
export function finisher(view: NodeView, x: Value, w: Value): (sum: number, channel: number) => number {
  const y = view.output(0);
  if (x.quantization === undefined) {
    const clamp = floatClampOf(view);
    if (clamp === undefined) return (sum) => sum;
    return (sum) => clampFloat(sum, clamp[0], clamp[1]);
  }
  const { zeroPoint } = perTensor(y);
  const [low, high] = clampOf(view, y);
  const law = lawOf(view);
  // int32 wraps; sums of halfwords have 64 bits, of which a double holds all that occur.
  const wrap = x.dtype === 'int16' || x.dtype === 'uint16' ? (sum: number) => sum : (sum: number) => sum | 0;
  if (law !== undefined) {
    const factors = realFactors(x, w, y).map(quantizeMultiplier);
    return (sum, channel) => {
      const factor = factors[factors.length === 1 ? 0 : channel]!;
      return clamp(multiplyByQuantizedMultiplier(wrap(sum), factor, law) + zeroPoint, low, high);
    };
  }
  const scales = outputScales(x, w, y);
  return (sum, channel) => requantize(wrap(sum), scales[scales.length === 1 ? 0 : channel]!, zeroPoint, low, high);
}

/** As in C: NaN stays NaN, and -0 below a bound of 0 is the bound only when it is smaller. */
export function clampFloat(x: number, low: number, high: number): number {
  const y = x < low ? low : x;
  return y > high ? high : y;
}

/** Weights of constant inputs. */
export function constantOf(view: NodeView, index: number): Tensor {
  const value = view.required(index);
  if (value.constant === undefined) return view.bad(`input ${index} "${value.name}" must be a constant`);
  return value.constant;
}

/** The zero point of a quantized value, 0 for floats. */
export function zeroOf(value: Value): number {
  return value.quantization?.zeroPoint[0] ?? 0;
}

export interface PackedWeights {
  /** In blocks of four output channels: [block][inner][4]; the last one to three channels as [inner][rest]. */
  readonly weights: Int8Array;
  /** Bias with the input's zero point folded in: bias - zx * sum(w - zw). */
  readonly bias: Int32Array;
  /** Present when the weights have a zero point. */
  readonly weightZeros?: Int8Array;
  readonly accumulator: AccumulatorProof;
}

export interface AccumulatorProof {
  /** Largest magnitude that the sum of a channel can have. */
  readonly largest: number;
  readonly proven: boolean;
}

/**
 * [channels][inner] in blocks of four channels: [block][inner][4]; the last one to three channels of a group as [inner][rest].
 * @param groups channels of one block never belong to two groups
 */
export function inBlocksOfFour<T extends Int8Array | Float32Array>(weights: T, channels: number, groups: number): T {
  const inner = weights.length / channels;
  const packed = weights.slice() as T;
  const perGroup = channels / groups;
  let to = 0;
  for (let group = 0; group < groups; group += 1) {
    for (let first = 0; first < perGroup; first += 4) {
      const width = Math.min(4, perGroup - first);
      for (let k = 0; k < inner; k += 1) {
        for (let c = 0; c < width; c += 1) packed[to++] = weights[(group * perGroup + first + c) * inner + k]!;
      }
    }
  }
  return packed;
}

/**
 * Packs weights [channels][inner] (int8) for `nanoc_conv_s8` and `nanoc_matmul_s8`.
 * @param groups channels of one block never belong to two groups
 */
export function packWeights(
  weights: Int8Array,
  channels: number,
  inner: number,
  groups: number,
  zeros: Int32Array,
  bias: ArrayLike<number> | undefined,
  x: Value,
): PackedWeights {
  const { zeroPoint, low, high } = perTensor(x);
  const folded = new Int32Array(channels);
  let largest = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    let sum = 0;
    let reach = 0;
    for (let k = 0; k < inner; k += 1) {
      const w = weights[channel * inner + k]! - zeros[channel]!;
      sum += w;
      reach += Math.abs(w);
    }
    const b = bias === undefined ? 0 : bias[channel]!;
    folded[channel] = (b - zeroPoint * sum) | 0;
    largest = Math.max(largest, Math.abs(b) + reach * Math.max(high - zeroPoint, zeroPoint - low));
  }
  return {
    weights: inBlocksOfFour(weights, channels, groups),
    bias: folded,
    ...(zeros.some((z) => z !== 0) ? { weightZeros: Int8Array.from(zeros) } : {}),
    accumulator: { largest, proven: largest <= INT32_MAX },
  };
}

/** The bias of sums of 64 bits, with the input's zero point in it: weights as [channels][inner]. */
export function wideBias(
  weights: Int8Array,
  channels: number,
  zeros: Int32Array,
  bias: ArrayLike<number> | undefined,
  x: Value,
): BigInt64Array {
  const inner = weights.length / channels;
  return BigInt64Array.from({ length: channels }, (_, channel) => {
    const row = weights.subarray(channel * inner, (channel + 1) * inner);
    const sum = row.reduce((total, w) => total + w - zeros[channel]!, 0);
    return BigInt((bias?.[channel] ?? 0) - zeroOf(x) * sum);
  });
}

/** Remark for the report when a sum could leave 32 bits (promise 5: nothing silent). */
export function accumulatorRemarks(proof: AccumulatorProof): string[] {
  if (proof.proven) return [];
  return [
    `the sum of a channel can reach ${proof.largest}: more than 32 bits hold; ONNX wraps there, and so does the kernel`,
  ];
}

/** Fields of `nanoc_output` (nanoc/requantize.h): how sums become bytes. */
export function outputFields(context: LowerContext, x: Value, w: Value): Record<string, ParamValue> {
  const y = context.output(0);
  const scales = outputScales(x, w, y);
  const [low, high] = clampOf(context, y);
  return {
    scale: { constant: { suffix: 'scale', data: scales, role: 'scale' } },
    scale_step: { int: scales.length === 1 ? 0 : 1 },
    y_zero: { int: perTensor(y).zeroPoint },
    low: { int: low },
    high: { int: high },
  };
}

/** Fields for the weights of an int8 kernel. */
export function weightFields(packed: PackedWeights): Record<string, ParamValue> {
  return {
    weights: { constant: { suffix: 'weights', data: packed.weights, role: 'weights' } },
    bias: { constant: { suffix: 'bias', data: packed.bias, role: 'bias' } },
    weight_zeros:
      packed.weightZeros === undefined
        ? { text: 'NULL' }
        : { constant: { suffix: 'weight_zeros', data: packed.weightZeros, role: 'parameters' } },
  };
}

/** Fields `low` and `high` of a float kernel. */
export function floatClampFields(context: NodeView): Record<string, ParamValue> {
  const [low, high] = floatClampOf(context) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return { low: { float: low }, high: { float: high } };
}

/** Bias of a float kernel: pointer or NULL. */
export function floatBiasField(bias: Value | undefined): ParamValue {
  if (bias === undefined) return { text: 'NULL' };
  return { constant: { suffix: 'bias', data: bias.constant!.data, role: 'bias' } };
}

/** [M, C, kH, kW] weights with the channels last: [M, kH, kW, C]. */
export function channelsLast<T extends Int8Array | Float32Array>(data: T, shape: readonly number[]): T {
  const [m, c, kh, kw] = shape as [number, number, number, number];
  const result = data.slice() as T;
  let to = 0;
  for (let o = 0; o < m; o += 1)
    for (let y = 0; y < kh; y += 1)
      for (let x = 0; x < kw; x += 1)
        for (let i = 0; i < c; i += 1) result[to++] = data[((o * c + i) * kh + y) * kw + x]!;
  return result;
}

/** A matrix [rows][columns] as [columns][rows]. */
export function transposed(matrix: Int8Array, rows: number): Int8Array {
  const columns = matrix.length / rows;
  const result = new Int8Array(matrix.length);
  let from = 0;
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) result[column * rows + row] = matrix[from++]!;
  return result;
}

export function macsOf(y: Value, perOutput: number): number {
  return elementCount(y.shape) * perOutput;
}
