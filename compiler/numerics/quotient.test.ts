import { describe, expect, it } from 'vitest';
import { Random } from '../../test/support/random.js';
import { correctedQuotient, fmaF32, provenInverse } from './quotient.js';
import { roundHalfEven } from './round.js';

const f = Math.fround;

describe('fmaF32', () => {
  it('rounds once', () => {
    // The exact sum lies 2^-70 below the middle of two numbers: double precision loses that, and would round to the even one, which is above.
    const [a, b, c] = [2 ** -12 * (1 + 2 ** -23), 2 ** -12 * (1 - 2 ** -23), 1 + 2 ** -23] as const;
    expect(f(a * b + c)).toBe(1 + 2 ** -22);
    expect(fmaF32(a, b, c)).toBe(c);
    expect(fmaF32(a, b, 0)).toBe(2 ** -24);
  });

  it('keeps a remainder that a product loses', () => {
    const third = f(1 / 3);
    expect(fmaF32(-3, third, 1)).toBe(1 - 3 * third);
    expect(fmaF32(-3, third, 1)).not.toBe(0);
  });
});

describe('provenInverse', () => {
  it('is there for scales as quantizers choose them, whose plain inverse is wrong', () => {
    const scale = f(1 / 255);
    const inverse = provenInverse(scale, 255)!;
    const near = (x: number) => Array.from({ length: 33 }, (_, i) => f(x + (i - 16) * 2 ** -26));
    const steps = Array.from({ length: 255 }, (_, n) => near(f((n + 0.5) * scale))).flat();
    const isRight = (rounded: number, x: number) => rounded === roundHalfEven(f(x / scale));
    expect(steps.every((x) => isRight(roundHalfEven(f(x * inverse)), x))).toBe(false);
    expect(steps.every((x) => isRight(roundHalfEven(correctedQuotient(x, scale, inverse)), x))).toBe(true);
    const random = new Random(5);
    for (let i = 0; i < 20_000; i += 1) {
      const x = f(random.next());
      expect(roundHalfEven(correctedQuotient(x, scale, inverse))).toBe(roundHalfEven(f(x / scale)));
    }
  });

  it('is there for nearly every scale', () => {
    const random = new Random(6);
    const scales = Array.from({ length: 40 }, () => f((0.5 + random.next()) / 255));
    expect(scales.filter((scale) => provenInverse(scale, 255) === undefined).length).toBeLessThan(4);
  });

  it('is not there where the inverse is no normal number', () => {
    expect(provenInverse(2 ** -100, 255)).toBeUndefined();
    expect(provenInverse(0, 255)).toBeUndefined();
    expect(provenInverse(Number.NaN, 255)).toBeUndefined();
  });
});
