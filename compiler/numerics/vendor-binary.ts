/**
 * Sums and products of two quantized numbers in the profile `tflite`, as CMSIS-NN (`arm_elementwise_add_s8`, `arm_elementwise_mul_s8` and their forms for int16) and
 * ESP-NN compute them with the constants that TensorFlow Lite's kernels prepare (`PrepareAdd`, `PrepareMul`).
 */
import { type Law, multiplyByQuantizedMultiplier, type QuantizedMultiplier, quantizeMultiplier } from './law.js';
import { clamp } from './round.js';

/** A quantized tensor's side of an operator. */
export interface Side {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Types that the libraries add and multiply. */
export type SideType = 'int8' | 'int16';

/** Bits by which a sum's inputs are raised before they are scaled. */
export const SUM_LEFT_SHIFT: Readonly<Record<SideType, number>> = { int8: 20, int16: 15 };

export interface SumFactors {
  readonly a: QuantizedMultiplier;
  readonly b: QuantizedMultiplier;
  readonly y: QuantizedMultiplier;
}

/** Inputs are brought to twice the larger scale, then to the output's. */
export function sumFactors([a, b, y]: readonly [Side, Side, Side], type: SideType): SumFactors {
  const twice = 2 * Math.max(a.scale, b.scale);
  return {
    a: quantizeMultiplier(a.scale / twice),
    b: quantizeMultiplier(b.scale / twice),
    y: quantizeMultiplier(twice / (2 ** SUM_LEFT_SHIFT[type] * y.scale)),
  };
}

/** The sum of two numbers, clamped to [low, high]. */
export function vendorSum(
  [a, b, y]: readonly [Side, Side, Side],
  [low, high]: readonly [number, number],
  law: Law,
  type: SideType,
): (p: number, q: number) => number {
  const factors = sumFactors([a, b, y], type);
  const scaled =
    ({ zeroPoint }: Side, factor: QuantizedMultiplier) =>
    (x: number) =>
      multiplyByQuantizedMultiplier((x - zeroPoint) * 2 ** SUM_LEFT_SHIFT[type], factor, law);
  const all = type === 'int8' ? tabulated : (f: (x: number) => number) => f;
  const [left, right] = [all(scaled(a, factors.a)), all(scaled(b, factors.b))];
  return (p, q) => {
    const sum = multiplyByQuantizedMultiplier((left(p) + right(q)) | 0, factors.y, law);
    return clamp(sum + y.zeroPoint, low, high);
  };
}

/** One input has 256 values. */
function tabulated(f: (x: number) => number): (x: number) => number {
  const results = Int32Array.from({ length: 256 }, (_, i) => f(i - 128));
  return (x) => results[x + 128]!;
}

export function productFactor(a: Side, b: Side, y: Side): QuantizedMultiplier {
  return quantizeMultiplier((a.scale * b.scale) / y.scale);
}

/** The product of two numbers, clamped to [low, high]. */
export function vendorProduct(
  [a, b, y]: readonly [Side, Side, Side],
  [low, high]: readonly [number, number],
  law: Law,
): (p: number, q: number) => number {
  const factor = productFactor(a, b, y);
  return (p, q) => {
    const product = multiplyByQuantizedMultiplier((p - a.zeroPoint) * (q - b.zeroPoint), factor, law);
    return clamp(product + y.zeroPoint, low, high);
  };
}

/** An average as the libraries take it: the plain sum of `count` bytes, rounded half away from zero. */
export function vendorAverage(sum: number, count: number): number {
  const half = Math.trunc(count / 2);
  return Math.trunc((sum > 0 ? sum + half : sum - half) / count) + 0;
}
