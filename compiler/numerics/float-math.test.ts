import { describe, expect, it } from 'vitest';
import { Random } from '../../test/support/random.js';
import {
  erfF32,
  expF32,
  log1pF32,
  logF32,
  powF32,
  roundF32,
  sigmoidF32,
  softplusF32,
  sqrtF32,
  tanhF32,
} from './float-math.js';

const random = new Random(5);

/** Largest relative error against a double-precision function, over seeded numbers from `low` to `high`. */
function worst(mine: (x: number) => number, exact: (x: number) => number, low: number, high: number): number {
  let error = 0;
  for (let i = 0; i < 20000; i += 1) {
    const x = Math.fround(low + (high - low) * random.next());
    const wanted = exact(x);
    if (wanted !== 0) error = Math.max(error, Math.abs(mine(x) - wanted) / Math.abs(wanted));
  }
  return error;
}

/** The error function by its series, exact to double precision for |x| < 4. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n += 1) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe('float32 functions', () => {
  it('have relative errors of a few units in the last place (2^-24 each)', () => {
    const ulp = 2 ** -24;
    expect(worst(expF32, Math.exp, -87, 88)).toBeLessThan(3 * ulp);
    expect(worst(logF32, Math.log, 1e-30, 0.9)).toBeLessThan(3 * ulp);
    expect(worst(logF32, Math.log, 0.9, 1.1)).toBeLessThan(4 * ulp);
    expect(worst(logF32, Math.log, 1.1, 1e30)).toBeLessThan(3 * ulp);
    expect(worst(log1pF32, Math.log1p, 0, 1)).toBeLessThan(6 * ulp);
    expect(worst(tanhF32, Math.tanh, -10, 10)).toBeLessThan(4 * ulp);
    expect(worst(sigmoidF32, (x) => 1 / (1 + Math.exp(-x)), -80, 20)).toBeLessThan(6 * ulp);
    expect(worst(softplusF32, (x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0), -80, 30)).toBeLessThan(
      8 * ulp,
    );
    expect(worst(erfF32, erf, -3.5, 3.5)).toBeLessThan(4 * ulp);
    expect(worst(sqrtF32, Math.sqrt, 0, 1e6)).toBeLessThanOrEqual(ulp);
  });

  it('know the ends of their ranges', () => {
    expect([expF32(Infinity), expF32(89), expF32(-88), expF32(-Infinity), expF32(0)]).toEqual([
      Infinity,
      Infinity,
      0,
      0,
      1,
    ]);
    expect([logF32(0), logF32(Infinity), logF32(-1), logF32(1)]).toEqual([-Infinity, Infinity, Number.NaN, 0]);
    expect(logF32(2 ** -149)).toBeCloseTo(-149 * Math.LN2, 4);
    expect([tanhF32(50), tanhF32(-Infinity), erfF32(9), erfF32(-9)]).toEqual([1, -1, 1, -1]);
    expect([sigmoidF32(-Infinity), sigmoidF32(Infinity), softplusF32(200)]).toEqual([0, 1, 200]);
    for (const fn of [expF32, logF32, tanhF32, erfF32, softplusF32, sigmoidF32]) expect(fn(Number.NaN)).toBeNaN();
  });

  it('round ties to even and keep the sign of zero', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 8388607.5, -0, 1e30].map(roundF32)).toEqual([
      0, 2, 2, -0, -2, 8388608, -0, 1e30,
    ]);
  });

  it('raise to powers: integers by multiplication, others within the error that e^(y log x) has', () => {
    expect([powF32(3, 2), powF32(-2, 3), powF32(2, -2), powF32(-2, 0.5), powF32(0, 0), powF32(Number.NaN, 0)]).toEqual([
      9,
      -8,
      0.25,
      Number.NaN,
      1,
      1,
    ]);
    expect([powF32(0, 2.5), powF32(0, -2.5), powF32(-1.5, 33), powF32(2, Infinity)]).toEqual([
      0,
      Infinity,
      expect.closeTo(-(1.5 ** 33), -1),
      Infinity,
    ]);
    expect(
      worst(
        (x) => powF32(x, 1.7),
        (x) => x ** Math.fround(1.7),
        0.01,
        100,
      ),
    ).toBeLessThan(1e-6);
  });
});
