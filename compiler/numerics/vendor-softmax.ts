/**
 * Softmax of int8 in fixed point, as CMSIS-NN (`arm_softmax_s8`) and ESP-NN compute it: TensorFlow Lite's reference, whose exponential and
 * reciprocal are gemmlowp's. The output has the scale 1/256 and the zero point -128. It does not depend on how a library rounds.
 */
import { divideByPowerOfTwo, quantizeMultiplier } from './law.js';
import { clamp } from './round.js';

/** Bits before the point of a scaled distance (`kScaledDiffIntegerBits`) and of the sum of exponentials. */
const DISTANCE_BITS = 5;
const SUM_BITS = 12;
const MAXIMUM = 2 ** 31 - 1;

export interface SoftmaxFactors {
  readonly multiplier: number;
  readonly shift: number;
  /** Distances from the largest element below it count as probability 0. */
  readonly least: number;
}

/** `PreprocessSoftmaxScaling` and `CalculateInputRadius`, for beta 1. */
export function softmaxFactors(scale: number): SoftmaxFactors {
  const real = Math.min(scale * 2 ** (31 - DISTANCE_BITS), 2 ** 31 - 1);
  const { multiplier, shift } = quantizeMultiplier(real);
  const least = -Math.floor(((2 ** DISTANCE_BITS - 1) * 2 ** (31 - DISTANCE_BITS)) / 2 ** shift);
  return { multiplier, shift, least };
}

/** Probabilities of one vector, as int8. */
export function vendorSoftmax(x: readonly number[], { multiplier, shift, least }: SoftmaxFactors): number[] {
  const largest = Math.max(...x);
  const exponentials = x.map((value) => {
    const distance = value - largest;
    return distance < least ? undefined : exponential(highProduct((distance * 2 ** shift) | 0, multiplier));
  });
  const sum = exponentials.reduce<number>((all, e) => all + (e === undefined ? 0 : divideByPowerOfTwo(e, SUM_BITS)), 0);
  const headroom = Math.clz32(sum);
  const inverse = oneOverOnePlus(((sum << headroom) - 2 ** 31) | 0);
  return exponentials.map((e) => {
    if (e === undefined) return -128;
    return clamp(divideByPowerOfTwo(highProduct(inverse, e), SUM_BITS - headroom + 23) - 128, -128, 127);
  });
}

/** `SaturatingRoundingDoublingHighMul`: a * b / 2^31, rounded to nearest, ties upwards. */
function highProduct(a: number, b: number): number {
  if (a === -(2 ** 31) && b === a) return MAXIMUM;
  return Number((BigInt(a) * BigInt(b) + (1n << 30n)) >> 31n);
}

/** exp(-2^k) in 31 bits, for k from -2 to 4. */
const POWERS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242];

/** exp(x) in 31 bits, for x <= 0 with 5 bits before the point. */
function exponential(x: number): number {
  if (x === 0) return MAXIMUM;
  const quarter = (x & (2 ** 24 - 1)) - 2 ** 24;
  const remainder = (quarter - x) | 0;
  const a = ((quarter << 5) + 2 ** 28) | 0;
  const square = highProduct(a, a);
  const cubes = divideByPowerOfTwo(highProduct(square, square), 2) + highProduct(square, a);
  const series = a + divideByPowerOfTwo(highProduct(cubes, 715827883) + square, 1);
  const start = (1895147668 + highProduct(1895147668, series)) | 0;
  return POWERS.reduce(
    (result, power, k) => ((remainder & (1 << (24 + k))) !== 0 ? highProduct(result, power) : result),
    start,
  );
}

/** 1 / (1 + x) for x in [0, 1), both in 31 bits: three steps of Newton and Raphson. */
function oneOverOnePlus(x: number): number {
  const half = Math.trunc((x + MAXIMUM + (x + MAXIMUM >= 0 ? 1 : -1)) / 2);
  let y = 1515870810 + highProduct(half, -1010580540);
  for (let step = 0; step < 3; step += 1) y = (y + raised(highProduct(y, 2 ** 29 - highProduct(half, y)), 2)) | 0;
  return raised(y, 1);
}

/** x * 2^bits, saturated. */
function raised(x: number, bits: number): number {
  return clamp(x * 2 ** bits, -(2 ** 31), MAXIMUM);
}
