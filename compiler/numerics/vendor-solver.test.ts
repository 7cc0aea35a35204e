import { describe, expect, it } from 'vitest';
import { Random } from '../../test/support/random.js';
import { type Law, multiplyByQuantizedMultiplier, type QuantizedMultiplier, quantizeMultiplier } from './law.js';
import { type Staircase, thresholds } from './requantization-solver.js';
import { requantize } from './requantize.js';
import { clamp } from './round.js';
import { solveVendor } from './vendor-solver.js';

function staircase(random: Random): Staircase {
  const scale = Math.fround(2 ** (-12 + 14 * random.next()));
  const zeroPoint = random.chance(0.5) ? -128 : random.integer(-128, 127);
  const limit = Math.min(random.pick([2 ** 12, 2 ** 17, 2 ** 22]), 2 ** 28 / scale);
  const reach = { least: -random.integer(limit / 2, limit), greatest: random.integer(limit / 2, limit) };
  return { scale, zeroPoint, low: random.chance(0.3) ? Math.max(-128, zeroPoint) : -128, high: 127, reach };
}

function vendor(sum: number, constants: QuantizedMultiplier, law: Law, { zeroPoint, low, high }: Staircase): number {
  return clamp(zeroPoint + multiplyByQuantizedMultiplier(sum, constants, law), low, high);
}

/** Sums next to every threshold, next to both ends of the reach, and random ones. */
function sumsOf(stairs: Staircase, random: Random): number[] {
  const { least, greatest } = stairs.reach;
  const near = [...thresholds(stairs)].filter(Number.isFinite).flatMap((t) => [t - 2, t - 1, t, t + 1]);
  const any = Array.from({ length: 200 }, () => random.integer(least, greatest));
  return [...near, least, greatest, ...any].filter((s) => s >= least && s <= greatest);
}

describe.each(['tflite-single', 'tflite-double'] satisfies Law[])('%s', (law) => {
  it('every solution gives the bytes of ONNX', () => {
    const random = new Random(7);
    let solved = 0;
    for (let i = 0; i < 200; i += 1) {
      const stairs = staircase(random);
      const constants = solveVendor(stairs, law);
      if (constants === undefined) continue;
      solved += 1;
      for (const sum of sumsOf(stairs, random)) {
        const expected = requantize(sum, stairs.scale, stairs.zeroPoint, stairs.low, stairs.high);
        const got = vendor(sum, constants, law, stairs);
        if (got !== expected) expect({ sum, stairs, constants, got }).toEqual({ expected });
      }
    }
    // The search is a proof where it succeeds; how often it does is a property of the numbers.
    expect(solved).toBeGreaterThan(30);
  });

  it('no solution means that no multiplier of this exponent is right: all near the scale fail', () => {
    const random = new Random(8);
    let unsolved = 0;
    for (let i = 0; i < 300 && unsolved < 20; i += 1) {
      const stairs = staircase(random);
      if (solveVendor(stairs, law) !== undefined) continue;
      unsolved += 1;
      const { multiplier, shift } = quantizeMultiplier(stairs.scale);
      const sums = sumsOf(stairs, random);
      for (const delta of [-40, -3, -1, 0, 1, 3, 40]) {
        const constants = { multiplier: multiplier + delta, shift };
        const differs = sums.some(
          (sum) =>
            vendor(sum, constants, law, stairs) !==
            requantize(sum, stairs.scale, stairs.zeroPoint, stairs.low, stairs.high),
        );
        expect({ stairs, delta, differs }).toMatchObject({ differs: true });
      }
    }
    expect(unsolved).toBeGreaterThan(0);
  });
});
