/**
 * exp, tanh and the like in float32 operations only. runtime-c/include/nanoc/math.h has the same operations in the same
 * order, so that float results are the same bits in the compiler and on every core, without libm.
 * Polynomials: Cephes `expf`, `logf` and `tanhf` (S. Moshier), relative error below 2 units in the last place; erf: N. Juffa,
 * as in ONNX Runtime's MLAS.
 */
import { clamp, roundHalfEven } from './round.js';

const f = Math.fround;

const LOG2E = f(Math.LOG2E);
const LN2_HIGH = f(0.693359375);
const LN2_LOW = f(-2.1219444e-4);
const EXP_HIGH = f(88.3762626647949);
const EXP_LOW = f(-87.3365478515625);
/** 1.5 * 2^23: adding and subtracting it rounds to the nearest integer, ties to even. */
const MAGIC = 12582912;

const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1].map(f);
const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1].map(f);

function horner(x: number, coefficients: readonly number[]): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i += 1) sum = f(f(sum * x) + coefficients[i]!);
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

const SQRT_HALF = f(Math.SQRT1_2);
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f);
const bits = new DataView(new ArrayBuffer(4));

/** Natural logarithm. Negative numbers give NaN, 0 gives -infinity. */
export function logF32(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const subnormal = x < 2 ** -126;
  bits.setFloat32(0, subnormal ? f(x * 2 ** 23) : x);
  const word = bits.getUint32(0);
  let exponent = (word >>> 23) - 126 - (subnormal ? 23 : 0);
  bits.setUint32(0, (word & 0x7fffff) | 0x3f000000);
  const mantissa = bits.getFloat32(0);
  let m = f(mantissa - 1);
  if (mantissa < SQRT_HALF) {
    exponent -= 1;
    m = f(f(mantissa + mantissa) - 1);
  }
  const square = f(m * m);
  let y = f(f(horner(m, LOG) * m) * square);
  y = f(y + f(exponent * LN2_LOW));
  y = f(y - f(0.5 * square));
  return f(f(m + y) + f(exponent * LN2_HIGH));
}

/** Correctly rounded: the double-precision root rounded once more is the float32 root. */
export function sqrtF32(x: number): number {
  return f(Math.sqrt(x));
}

const ERF_SMALL = [-5.99104969e-4, 4.99339588e-3, -2.67667342e-2, 1.12818025e-1, -3.76124859e-1, 1.28379151e-1].map(f);
const ERF_BIG = [
  1.7294893e-5, -3.8320868e-4, 3.88393435e-3, -2.42545605e-2, 1.06777847e-1, 6.34846687e-1, 1.28717512e-1,
].map(f);
const ERF_SPLIT = f(0.921875);
const ERF_END = f(3.925);

/** The error function. */
export function erfF32(x: number): number {
  if (Number.isNaN(x)) return x;
  const magnitude = Math.abs(x);
  if (magnitude <= ERF_SPLIT) return f(f(x * horner(f(x * x), ERF_SMALL)) + x);
  const t = Math.min(magnitude, ERF_END);
  const y = f(1 - expF32(f(-f(f(horner(t, ERF_BIG) * t) + t))));
  return x < 0 ? -y : y;
}

/** log(1 + x) for x from 0 to 1, exact for small x: the error of 1 + x is divided out (W. Kahan). */
export function log1pF32(x: number): number {
  const u = f(1 + x);
  return u === 1 ? x : f(f(logF32(u) * x) / f(u - 1));
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) */
export function softplusF32(x: number): number {
  if (Number.isNaN(x)) return x;
  return f(Math.max(x, 0) + log1pF32(expF32(-Math.abs(x))));
}

/** The nearest integer, ties to even; -0 for what rounds to 0 from below. */
export function roundF32(x: number): number {
  if (!(Math.abs(x) < 2 ** 23)) return x;
  const magnitude = roundHalfEven(Math.abs(x));
  return x < 0 || Object.is(x, -0) ? -magnitude : magnitude;
}

/** Largest magnitude of an integer exponent for which `powF32` multiplies. */
const POW_MULTIPLIED = 32;

/** x^y. Integer exponents up to 32 by squaring; others e^(y log x), whose relative error grows with |y log x|. */
export function powF32(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  const integer = roundF32(y) === y;
  if (integer && Math.abs(y) <= POW_MULTIPLIED) return powInteger(x, y);
  if (x < 0 && !integer) return Number.NaN;
  const result = expF32(f(y * logF32(Math.abs(x))));
  const odd = Math.abs(y) < 2 ** 24 && Math.abs(y) % 2 === 1;
  return x < 0 && odd ? -result : result;
}

function powInteger(x: number, y: number): number {
  let result = 1;
  let power = x;
  for (let n = Math.abs(y); n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = f(result * power);
    power = f(power * power);
  }
  return y < 0 ? f(1 / result) : result;
}

/** x -> max(0, min(1, alpha * x + beta)) */
export function hardSigmoid(alpha: number, beta: number): (x: number) => number {
  const [slope, offset] = [f(alpha), f(beta)];
  return (x) => clamp(f(f(slope * x) + offset), 0, 1);
}

/** x / 2 * (1 + erf(x / sqrt(2))) */
export function geluF32(x: number): number {
  return f(f(0.5 * x) * f(1 + erfF32(f(x * SQRT_HALF))));
}

const GELU_INNER = f(0.7978845608028654);
const GELU_CUBIC = f(0.044715);

/** x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) */
export function geluTanhF32(x: number): number {
  const inner = f(GELU_INNER * f(x + f(GELU_CUBIC * f(f(x * x) * x))));
  return f(f(0.5 * x) * f(1 + tanhF32(inner)));
}

/** 2 / pi as a binary fraction: each word begins a byte behind the one before it. */
const TWO_OVER_PI = [
  0x000000a2, 0x0000a2f9, 0x00a2f983, 0xa2f9836e, 0xf9836e4e, 0x836e4e44, 0x6e4e4415, 0x4e441529, 0x441529fc,
  0x1529fc27, 0x29fc2757, 0xfc2757d1, 0x2757d1f5, 0x57d1f534, 0xd1f534dd, 0xf534ddc0, 0x34ddc0db, 0xddc0db62,
  0xc0db6295, 0xdb629599, 0x6295993c, 0x95993c43, 0x993c4390, 0x3c439041,
].map(BigInt);
const HALF_PI_HIGH = f(Math.PI / 2);
const HALF_PI_LOW = f(Math.PI / 2 - HALF_PI_HIGH);
const QUARTER_PI = f(Math.PI / 4);
/** pi / 2 for a fraction of 32 bits. */
const HALF_PI_STEP = f((Math.PI / 2) * 2 ** -32);
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f);
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f);

/** A size as quarters of a turn and what is left, at most pi / 4 on either side: the quarters modulo 4. */
function quarters(size: number): { quarter: number; rest: number } {
  if (size <= QUARTER_PI) return { quarter: 0, rest: size };
  if (size < 2) return { quarter: 1, rest: f(f(size - HALF_PI_HIGH) - HALF_PI_LOW) };
  bits.setFloat32(0, size);
  const word = bits.getUint32(0);
  const at = (word >>> 26) & 15;
  const mantissa = BigInt((((word & 0x7fffff) | 0x800000) << ((word >>> 23) & 7)) >>> 0);
  // Three words of the product modulo four quarters, 62 bits behind the point.
  const [high, middle, low] = [0, 4, 8].map((offset) => mantissa * TWO_OVER_PI[at + offset]!) as [
    bigint,
    bigint,
    bigint,
  ];
  const product = BigInt.asUintN(64, (high << 32n) + middle + (low >> 32n));
  const quarter = BigInt.asUintN(64, product + (1n << 61n)) >> 62n;
  const rest = BigInt.asIntN(64, product - (quarter << 62n)) >> 30n;
  return { quarter: Number(quarter), rest: f(f(Number(rest)) * HALF_PI_STEP) };
}

/** Sine, at `ahead` quarters of a turn in front of a size that is a number. */
function sine(size: number, ahead: number): number {
  const { quarter, rest } = quarters(size);
  const square = f(rest * rest);
  const turned = quarter + ahead;
  const y =
    turned % 2 === 0
      ? f(f(f(horner(square, SIN) * square) * rest) + rest)
      : f(f(f(f(horner(square, COS) * square) * square) - f(square * 0.5)) + 1);
  return turned & 2 ? -y : y;
}

/** Within 1.2e-7 of the sine. NaN of infinity. */
export function sinF32(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  const y = sine(Math.abs(x), 0);
  return x < 0 || Object.is(x, -0) ? -y : y;
}

/** Within 1.2e-7 of the cosine. NaN of infinity. */
export function cosF32(x: number): number {
  return Number.isFinite(x) ? sine(Math.abs(x), 1) : Number.NaN;
}
