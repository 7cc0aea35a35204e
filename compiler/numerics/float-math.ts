/**
 * exp, tanh and the like in float32 operations only. runtime-c/include/nanoc/math.h has the same operations in the same
 * order, so that float results are the same bits in the compiler and on every core, without libm.
 * Polynomials: Cephes `expf` and `tanhf` (S. Moshier), relative error below 2 units in the last place.
 */
const f = Math.fround;

const LOG2E = f(1.44269504088896341);
const LN2_HIGH = f(0.693359375);
const LN2_LOW = f(-2.12194440e-4);
const EXP_HIGH = f(88.3762626647949);
const EXP_LOW = f(-87.3365478515625);
/** 1.5 * 2^23: adding and subtracting it rounds to the nearest integer, ties to even. */
const MAGIC = 12582912;

const EXP = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1].map(f);
const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1].map(f);

function horner(x: number, coefficients: readonly number[]): number {
  let sum = coefficients[0]!;
  for (const c of coefficients.slice(1)) sum = f(f(sum * x) + c);
  return sum;
}

/** e^x. Below the range of normal numbers 0, above it infinity; NaN stays NaN. */
export function expF32(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > EXP_HIGH) return Number.POSITIVE_INFINITY;
  if (x < EXP_LOW) return 0;
  const n = f(f(f(x * LOG2E) + MAGIC) - MAGIC);
  const r = f(f(x - f(n * LN2_HIGH)) - f(n * LN2_LOW));
  const polynomial = horner(r, EXP);
  const y = f(f(f(polynomial * f(r * r)) + r) + 1);
  // n = 128 at the upper end: two factors keep each a normal number.
  const half = Math.trunc(n / 2);
  return f(f(y * 2 ** half) * 2 ** (n - half));
}

/** 1 / (1 + e^-x) */
export function sigmoidF32(x: number): number {
  return f(1 / f(1 + expF32(f(-x))));
}

export function tanhF32(x: number): number {
  const magnitude = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (magnitude >= 0.625) {
    if (magnitude > 9) return x > 0 ? 1 : -1;
    const y = f(1 - f(2 / f(expF32(f(magnitude + magnitude)) + 1)));
    return x > 0 ? y : -y;
  }
  const square = f(x * x);
  return f(f(f(horner(square, TANH) * square) * x) + x);
}
