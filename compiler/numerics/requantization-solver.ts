/**
 * Requantization by one multiplication: constants m, b, c, k with
 *
 *     clamp(floor((x * m + c * 2^32) / 2^(32 + k)), low, high),   x = 2^j * sum + b
 *
 * equal to the profile `onnx`, clamp(zeroPoint + roundHalfEven(float32(float32(sum) * scale)), low, high), for EVERY sum that
 * the layer can reach. On Armv7E-M this is SMMLA, ASR and SSAT; b enters with the bias, so three instructions remain.
 *
 * Both sides are monotone in `sum`, so they are equal when they step at the same sums: at most 255 thresholds T(q), the least
 * sum that gives q or more. With O = b * m + c * 2^32 the fixed-point side reaches q at `sum` when
 * 2^j * sum * m + O >= q * 2^(32 + k); equality at every threshold is L <= O < U with
 *
 *     L = max over q of q * 2^(32 + k) - 2^j * T(q) * m,        U = min over q of q * 2^(32 + k) - 2^j * (T(q) - 1) * m.
 *
 * The instructions work modulo 2^32, the inequality does not: constants count only when no register overflows within the reach.
 *
 * The search tries multipliers near scale * 2^(32 + k - j), the nearest first, then the smallest |b| for which a c exists.
 */
import { requantize } from './requantize.js';

export interface Reach {
  /** Least and greatest sum that the layer can produce, int32. */
  readonly least: number;
  readonly greatest: number;
}

export interface FixedPoint {
  /** 0 < m < 2^31 */
  readonly multiplier: number;
  /** Added to 2^j * sum. */
  readonly tweak: number;
  /** Added to the upper word of the product. */
  readonly addend: number;
  /** Right shift of the upper word. */
  readonly shift: number;
}

/** Requantization of one channel, as a staircase in the sum. */
export interface Staircase {
  /** float32, above 0 */
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
  readonly reach: Reach;
}

export interface SolverInput extends Staircase {
  /** k; `shiftFor` gives the largest that fits. */
  readonly shift: number;
  /** j: the accumulator holds 2^j times the sum. */
  readonly accumulatorShift?: number;
  /** False where the code has no addend: then c is 0. */
  readonly withAddend?: boolean;
}

/** Multipliers tried on each side of the nearest. */
const MULTIPLIERS = 60;
/** Bias tweaks tried on each side of 0. */
const TWEAKS = 20000;
const WORD = 2 ** 32;

/** The largest shift with which the multiplier of `scale` stays below 2^31 (and the search has room above it). */
export function shiftFor(scale: number, accumulatorShift = 0): number {
  return Math.floor(-1 - Math.log2(scale * (1 + 2 ** -16))) + accumulatorShift;
}

/**
 * Least sum that gives at least `q`, for each q from low + 1 to high; sums below `reach.least` and above `reach.greatest`
 * do not count: those thresholds are -Infinity and Infinity.
 */
export function thresholds({ scale, zeroPoint, low, high, reach }: Staircase): Float64Array {
  const value = (sum: number) => requantize(sum, scale, zeroPoint, low, high);
  const result = new Float64Array(Math.max(0, high - low));
  const [first, last] = [value(reach.least), value(reach.greatest)];
  for (let q = low + 1; q <= high; q += 1) {
    if (first >= q) result[q - low - 1] = Number.NEGATIVE_INFINITY;
    else if (last < q) result[q - low - 1] = Number.POSITIVE_INFINITY;
    else result[q - low - 1] = threshold(q, value, (q - zeroPoint - 0.5) / scale, reach);
  }
  return result;
}

/** `q` is more than the least sum gives, and no more than what the greatest gives. */
function threshold(q: number, value: (sum: number) => number, estimate: number, { least, greatest }: Reach): number {
  // The estimate is off by rounding alone; beyond 2^24 float32 sums are coarse, so widen until the step lies inside.
  let step = 1;
  let below = clampInteger(Math.floor(estimate) - step, least, greatest);
  let above = clampInteger(Math.floor(estimate) + step, least, greatest);
  while (value(below) >= q) below = clampInteger(below - (step *= 2), least, greatest);
  while (value(above) < q) above = clampInteger(above + (step *= 2), least, greatest);
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (value(middle) >= q) above = middle;
    else below = middle;
  }
  return above;
}

function clampInteger(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

/** Constants that are right for every reachable sum, or undefined when the search finds none (then the exact tail is used). */
export function solveRequantization(input: SolverInput): FixedPoint | undefined {
  const j = input.accumulatorShift ?? 0;
  const { shift, scale, reach } = input;
  const nearest = Math.round(scale * 2 ** (32 + shift - j));
  if (nearest < 2 ** 12 || shift < 0 || shift > 31) return undefined;
  const room = (2 ** 31 - 1) / 2 ** j - TWEAKS;
  if (reach.greatest > room || reach.least < -room) return undefined;
  const steps = thresholdSteps(input, nearest, j);
  const stride = Math.max(1, nearest >> 24);
  for (let i = 0; i <= 2 * MULTIPLIERS; i += 1) {
    const delta = (i % 2 === 1 ? (i + 1) / 2 : -i / 2) * stride;
    const multiplier = nearest + delta;
    if (multiplier <= 0 || multiplier >= 2 ** 31) continue;
    const [lower, upper] = interval(steps, delta);
    if (lower >= upper) continue;
    const found = tweakFor(multiplier, lower, upper, steps.base, input);
    const constants = found === undefined ? undefined : { multiplier, ...found, shift };
    if (constants !== undefined && staysInRegisters(constants, reach, j)) return constants;
  }
  return undefined;
}

/**
 * Neither 2^j * sum + b nor the upper word of the product with c added to it leaves 32 bits. Both are monotone in `sum`, so the
 * ends of its reach tell.
 */
function staysInRegisters(
  { multiplier, tweak, addend }: Omit<FixedPoint, 'shift'>,
  { least, greatest }: Reach,
  j: number,
): boolean {
  return [least, greatest].every((sum) => {
    const x = sum * 2 ** j + tweak;
    const word = Number((BigInt(x) * BigInt(multiplier)) >> 32n) + addend;
    return isInt32(x) && isInt32(word);
  });
}

function isInt32(x: number): boolean {
  return x >= -(2 ** 31) && x < 2 ** 31;
}

/**
 * The bounds on O, relative to base = (zeroPoint + 1/2) * 2^(32 + k), as functions of the distance from the nearest multiplier:
 * residue - sum * delta. Near the solution they are small, so doubles hold them exactly.
 */
interface Steps {
  readonly base: bigint;
  readonly lowerResidue: Float64Array;
  readonly lowerSum: Float64Array;
  readonly upperResidue: Float64Array;
  readonly upperSum: Float64Array;
}

function thresholdSteps(input: SolverInput, multiplier: number, j: number): Steps {
  const { zeroPoint, low, shift, reach } = input;
  const list = thresholds(input);
  const lower: [number, number][] = [];
  const upper: [number, number][] = [];
  const high = Math.floor(multiplier / 65536);
  const rest = multiplier - high * 65536;
  // (q - zeroPoint - 1/2) * 2^(32 + k) - x * multiplier, in two exact parts of 16 bits distance.
  const residue = (q: number, x: number) => ((q - zeroPoint - 0.5) * 2 ** (16 + shift) - x * high) * 65536 - x * rest;
  list.forEach((t, index) => {
    const q = low + 1 + index;
    const first = (t === Number.NEGATIVE_INFINITY ? reach.least : t) * 2 ** j;
    const last = (t === Number.POSITIVE_INFINITY ? reach.greatest : t - 1) * 2 ** j;
    if (t !== Number.POSITIVE_INFINITY) lower.push([residue(q, first), first]);
    if (t !== Number.NEGATIVE_INFINITY) upper.push([residue(q, last), last]);
  });
  return {
    base: (2n * BigInt(zeroPoint) + 1n) << BigInt(31 + shift),
    lowerResidue: Float64Array.from(lower, ([r]) => r),
    lowerSum: Float64Array.from(lower, ([, x]) => x),
    upperResidue: Float64Array.from(upper, ([r]) => r),
    upperSum: Float64Array.from(upper, ([, x]) => x),
  };
}

function interval(steps: Steps, delta: number): readonly [number, number] {
  let lower = -(2 ** 62);
  let upper = 2 ** 62;
  for (let i = 0; i < steps.lowerResidue.length; i += 1) {
    const bound = steps.lowerResidue[i]! - steps.lowerSum[i]! * delta;
    if (bound > lower) lower = bound;
  }
  for (let i = 0; i < steps.upperResidue.length; i += 1) {
    const bound = steps.upperResidue[i]! - steps.upperSum[i]! * delta;
    if (bound < upper) upper = bound;
  }
  return [lower, upper];
}

/** The smallest |b| with a c so that lower <= b * m + c * 2^32 - base < upper. */
function tweakFor(
  multiplier: number,
  lower: number,
  upper: number,
  base: bigint,
  { withAddend = true }: SolverInput,
): { tweak: number; addend: number } | undefined {
  if (!withAddend) {
    const tweak = ceilDivide(base + BigInt(lower), BigInt(multiplier));
    if (tweak * BigInt(multiplier) >= base + BigInt(upper) || tweak > 2n ** 30n || tweak < -(2n ** 30n))
      return undefined;
    return { tweak: Number(tweak), addend: 0 };
  }
  // base is a multiple of 2^31: only its lowest bit above the word matters for b, the rest goes into c.
  const half = Number((base >> 31n) & 1n) * 2 ** 31;
  for (let i = 0; i <= 2 * TWEAKS; i += 1) {
    const tweak = i % 2 === 1 ? (i + 1) / 2 : -i / 2;
    const start = lower + half - tweak * multiplier;
    const words = Math.ceil(start / WORD);
    if (words * WORD >= upper + half - tweak * multiplier) continue;
    const addend = BigInt(words) + ((base - BigInt(half)) >> 32n);
    if (addend >= -(2n ** 31n) && addend < 2n ** 31n) return { tweak, addend: Number(addend) };
  }
  return undefined;
}

function ceilDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return quotient * b < a ? quotient + 1n : quotient;
}

/** What the instructions compute, in registers of 32 bits: clamp(((x * m) >> 32) + c >> k). For tests and the C twin. */
export function applyFixedPoint(
  sum: number,
  constants: FixedPoint,
  low: number,
  high: number,
  accumulatorShift = 0,
): number {
  const x = BigInt.asIntN(32, BigInt(sum * 2 ** accumulatorShift + constants.tweak));
  const word = BigInt.asIntN(32, ((x * BigInt(constants.multiplier)) >> 32n) + BigInt(constants.addend));
  return Math.min(high, Math.max(low, Number(word >> BigInt(constants.shift))));
}
