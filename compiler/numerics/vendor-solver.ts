/**
 * Constants with which a vendor's kernel gives ONNX's bytes: a multiplier m and a shift so that
 *
 *     clamp(zeroPoint + multiplyByQuantizedMultiplier(sum, m, shift, law), low, high)
 *
 * equals the profile `onnx` for EVERY sum that the layer can reach. Both are staircases in `sum`, so they are equal when they step
 * at the same sums T(q) (`thresholds`). The vendor's side reaches v = q - zeroPoint at x = 2^left * sum when x * m >= B(v):
 *
 *     single rounding    B = (2v - 1) * 2^(30 - shift)
 *     double rounding    B = H * 2^31 - 2^30,   H = (2v - 1) * 2^(right - 1), and 1 more where a tie of the shift falls away from v (v <= 0)
 *
 * so each threshold gives two linear bounds on m, and the interval that they leave is the whole answer: where it is empty no
 * multiplier of this exponent is right (mostly ties: ONNX rounds them to even). Exact, in integers.
 */
import type { QuantizedMultiplier, RoundingLaw } from './law.js';
import { quantizeMultiplier } from './law.js';
import { type Staircase, thresholds } from './requantization-solver.js';

/** Constants that are right for every reachable sum, nearest to the scale itself, or undefined when there are none. */
export function solveVendor(staircase: Staircase, law: RoundingLaw): QuantizedMultiplier | undefined {
  const { multiplier, shift } = quantizeMultiplier(staircase.scale);
  if (multiplier === 0 || shift < -30 || shift > 30) return undefined;
  const [least, greatest] = multiplierBounds(staircase, shift, law);
  if (least > greatest) return undefined;
  const nearest = Number(
    least > BigInt(multiplier) ? least : greatest < BigInt(multiplier) ? greatest : BigInt(multiplier),
  );
  const found = { multiplier: nearest, shift };
  return staysInRegisters(staircase, found, law) ? found : undefined;
}

/** Least and greatest multiplier for which all thresholds agree; the least is above the greatest when there is none. */
function multiplierBounds(staircase: Staircase, shift: number, law: RoundingLaw): [bigint, bigint] {
  const { low, zeroPoint, reach } = staircase;
  const left = BigInt(Math.max(shift, 0));
  const scaled = (sum: number) => (law === 'tflite-single' ? BigInt(sum) : BigInt(sum) << left);
  let least = 1n << 30n;
  let greatest = (1n << 31n) - 1n;
  const atLeast = (x: bigint, bound: bigint) => {
    // x * m >= bound
    if (x > 0n) least = max(least, ceilDivide(bound, x));
    else if (x < 0n) greatest = min(greatest, floorDivide(bound, x));
    else if (bound > 0n) greatest = -1n;
  };
  thresholds(staircase).forEach((t, index) => {
    const bound = productBound(low + 1 + index - zeroPoint, shift, law);
    const first = t === Number.NEGATIVE_INFINITY ? reach.least : t;
    const last = t === Number.POSITIVE_INFINITY ? reach.greatest : t - 1;
    if (t !== Number.POSITIVE_INFINITY) atLeast(scaled(first), bound);
    // x * m < bound is -x * m >= 1 - bound.
    if (t !== Number.NEGATIVE_INFINITY) atLeast(-scaled(last), 1n - bound);
  });
  return [least, greatest];
}

/** The least product x * m that gives `v` or more. */
function productBound(v: number, shift: number, law: RoundingLaw): bigint {
  const odd = BigInt(2 * v - 1);
  if (law === 'tflite-single') return odd << BigInt(30 - shift);
  const right = Math.max(-shift, 0);
  const word = right === 0 ? BigInt(v) : (odd << BigInt(right - 1)) + (v <= 0 ? 1n : 0n);
  return (word << 31n) - (1n << 30n);
}

/** No register of 32 bits overflows on the way; everything is monotone in `sum`, so the ends of its reach tell. */
function staysInRegisters({ reach }: Staircase, { multiplier, shift }: QuantizedMultiplier, law: RoundingLaw): boolean {
  return [reach.least, reach.greatest].every((sum) => {
    if (law === 'tflite-single') return isInt32(((BigInt(sum) * BigInt(multiplier)) >> BigInt(30 - shift)) + 1n);
    return isInt32(BigInt(sum) << BigInt(Math.max(shift, 0)));
  });
}

function isInt32(x: bigint): boolean {
  return BigInt.asIntN(32, x) === x;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return quotient * b !== a && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return -floorDivide(-a, b);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
