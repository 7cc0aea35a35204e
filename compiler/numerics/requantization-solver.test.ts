import { expect, it } from 'vitest';
import { Random } from '../../test/support/random.js';
import {
  applyFixedPoint,
  type SolverInput,
  shiftFor,
  solveRequantization,
  thresholds,
} from './requantization-solver.js';
import { requantize } from './requantize.js';

function inputOf(random: Random, accumulatorShift: number, withAddend: boolean): SolverInput {
  const scale = Math.fround(2 ** (-12 + 7 * random.next()));
  const zeroPoint = random.chance(0.5) ? -128 : random.integer(-128, 127);
  const limit = random.pick([2 ** 12, 2 ** 17, 2 ** 22]);
  const low = random.chance(0.3) ? Math.max(-128, zeroPoint) : -128;
  return {
    scale,
    zeroPoint,
    low,
    high: 127,
    reach: { least: -random.integer(limit / 2, limit), greatest: random.integer(limit / 2, limit) },
    shift: shiftFor(scale, accumulatorShift),
    accumulatorShift,
    withAddend,
  };
}

/** Sums next to every threshold, next to both ends of the reach, and random ones. */
function sumsOf(input: SolverInput, random: Random): number[] {
  const { least, greatest } = input.reach;
  const near = [...thresholds(input)].filter(Number.isFinite).flatMap((t) => [t - 2, t - 1, t, t + 1]);
  const ends = [0, 1, 2, 3].flatMap((d) => [least + d, greatest - d]);
  const any = Array.from({ length: 300 }, () => random.integer(least, greatest));
  return [...near, ...ends, ...any].filter((s) => s >= least && s <= greatest);
}

it.each([
  [0, true],
  [8, true],
  [8, false],
] as const)(
  'accumulator shift %i, addend %s: every solution is right at every threshold',
  (accumulatorShift, withAddend) => {
    const random = new Random(accumulatorShift + (withAddend ? 1 : 0));
    let solved = 0;
    const count = 150;
    for (let i = 0; i < count; i += 1) {
      const input = inputOf(random, accumulatorShift, withAddend);
      const constants = solveRequantization(input);
      if (constants === undefined) continue;
      solved += 1;
      const { scale, zeroPoint, low, high } = input;
      for (const sum of sumsOf(input, random)) {
        const expected = requantize(sum, scale, zeroPoint, low, high);
        const got = applyFixedPoint(sum, constants, low, high, accumulatorShift);
        if (got !== expected) expect({ sum, input, constants, got }).toEqual({ expected });
      }
    }
    // The search is a proof where it succeeds; how often it does is a property of the numbers, and most succeed.
    expect(solved).toBeGreaterThan(count * (withAddend ? 0.8 : 0.4));
  },
);

it('is exact over a whole small range, sum by sum', () => {
  const input: SolverInput = {
    scale: Math.fround(0.0123),
    zeroPoint: -7,
    low: -128,
    high: 127,
    reach: { least: -30000, greatest: 30000 },
    shift: shiftFor(Math.fround(0.0123)),
  };
  const constants = solveRequantization(input)!;
  for (let sum = -30000; sum <= 30000; sum += 1) {
    expect(applyFixedPoint(sum, constants, -128, 127)).toBe(requantize(sum, input.scale, -7, -128, 127));
  }
});

it.each([true, false])('no register overflows, however small the scale (addend %s)', (withAddend) => {
  const random = new Random(5);
  let solved = 0;
  for (let i = 0; i < 600; i += 1) {
    const scale = Math.fround(2 ** (-14 - 9 * random.next()));
    const limit = Math.min(2 ** 23 - 30000, Math.round((20 + 150 * random.next()) / scale));
    const reach = { least: -limit, greatest: limit };
    const zeroPoint = random.integer(-128, 127);
    const shift = 4 * Math.floor(shiftFor(scale) / 4) + 8;
    const input = { scale, zeroPoint, low: -128, high: 127, reach, shift, accumulatorShift: 8, withAddend };
    const constants = solveRequantization(input);
    if (constants === undefined) continue;
    solved += 1;
    for (const sum of sumsOf(input, random)) {
      const expected = requantize(sum, scale, zeroPoint, -128, 127);
      expect(applyFixedPoint(sum, constants, -128, 127, 8), `${sum} ${JSON.stringify(input)}`).toBe(expected);
    }
  }
  expect(solved).toBeGreaterThan(10);
});

it('refuses sums that the accumulator cannot hold', () => {
  const scale = Math.fround(0.001);
  const reach = { least: 0, greatest: 2 ** 30 };
  expect(
    solveRequantization({
      scale,
      zeroPoint: 0,
      low: -128,
      high: 127,
      reach,
      shift: shiftFor(scale),
      accumulatorShift: 8,
    }),
  ).toBeUndefined();
});
