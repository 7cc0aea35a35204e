/**
 * Division by a constant as products: x / d by the inverse, corrected once by its remainder (P. Markstein). That is right for nearly all x; here
 * it is proven where it matters, when the quotient is rounded to an integer.
 */
import { roundHalfEven } from './round.js';

const f = Math.fround;
const words = new DataView(new ArrayBuffer(8));
/** Divisors whose inverse and remainders are normal numbers. */
const [SMALLEST, LARGEST] = [2 ** -60, 2 ** 60];
/** Neighbours of a quotient's step, on both sides, that are compared. */
const NEAR = 8;

/** float32(a * b + c), rounded once, of float32 numbers. */
export function fmaF32(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const part = sum - product;
  const error = product - (sum - part) + (c - part);
  if (error === 0 || !Number.isFinite(sum)) return f(sum);
  // Rounded to odd in double precision, the second rounding is right.
  words.setFloat64(0, sum);
  const bits = words.getBigInt64(0);
  if ((bits & 1n) === 0n) words.setBigInt64(0, bits + (error > 0 === sum > 0 ? 1n : -1n));
  return f(words.getFloat64(0));
}

/** x / divisor as the kernels compute it: q = x * inverse; q + (x - divisor * q) * inverse, both sums fused. */
export function correctedQuotient(x: number, divisor: number, inverse: number): number {
  const q = f(x * inverse);
  return fmaF32(fmaF32(-divisor, q, x), inverse, q);
}

/**
 * float32(1 / divisor) where correctedQuotient, rounded half to even, is float32(x / divisor) rounded half to even for every x from 0 to 1, as far
 * as integers up to `most` go; undefined where it is not. The corrected quotient is wrong by less than two units in the last place, so only the
 * neighbours of the first x of each integer can differ, and they are compared.
 * @param divisor a float32
 */
export function provenInverse(divisor: number, most: number): number | undefined {
  if (!(divisor > SMALLEST && divisor < LARGEST)) return undefined;
  const inverse = f(1 / divisor);
  const quotient = (x: number) => roundHalfEven(f(x / divisor));
  for (let n = 1; n <= most && n <= quotient(1); n += 1) {
    const first = firstBits((x) => quotient(x) >= n);
    for (let bits = first - NEAR; bits <= first + NEAR; bits += 1) {
      const x = fromBits(bits);
      if (roundHalfEven(correctedQuotient(x, divisor, inverse)) !== quotient(x)) return undefined;
    }
  }
  return inverse;
}

/** Bits of the first float32 from 0 to 1 that satisfies a monotone condition; 1 does. */
function firstBits(satisfies: (x: number) => boolean): number {
  let [low, high] = [0, 0x3f800000];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (satisfies(fromBits(middle))) high = middle;
    else low = middle + 1;
  }
  return low;
}

function fromBits(bits: number): number {
  words.setUint32(0, bits);
  return words.getFloat32(0);
}
