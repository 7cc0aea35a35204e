import { describe, expect, it } from 'vitest';
import { Random } from '../../test/support/random.js';
import { requantize } from './requantize.js';
import { type ShortInput, shortProduct, shortShifts, solveShort } from './short-requantization.js';

function randomInput(random: Random): ShortInput {
  const scale = Math.fround(2 ** (-10 + 6 * random.next()));
  const range = Math.floor((1.5 * 255) / scale);
  const zeroPoint = random.integer(-128, 127);
  const reach = { least: -range - random.integer(0, 999), greatest: range + random.integer(0, 999) };
  return { scale, zeroPoint, reach, low: -128, high: 127 };
}

describe('requantization with 32-bit products', () => {
  it('equals the definition at every sum that can be reached', () => {
    const random = new Random(5);
    let solved = 0;
    for (let i = 0; i < 20; i += 1) {
      const input = randomInput(random);
      const { least, greatest } = input.reach;
      const shifts = shortShifts(Math.max(greatest, -least), input.scale)!;
      const found = solveShort(input, shifts);
      if (found === undefined) continue;
      solved += 1;
      for (let sum = least; sum <= greatest; sum += 1) {
        const parts = [sum * found.high, (sum >> 2) * found.low, shortProduct(sum, found, shifts.fraction)];
        for (const part of [...parts, parts[2]! + found.addend]) if (part !== (part | 0)) throw new Error('overflow');
        const word = (parts[0]! + (parts[1]! >> (shifts.fraction - 2)) + found.addend) >> shifts.shift;
        const expected = requantize(sum, input.scale, input.zeroPoint, -128, 127);
        if (Math.min(127, Math.max(-128, word)) !== expected) {
          throw new Error(`sum ${sum}: ${word}, not ${expected}, ${JSON.stringify(input)}`);
        }
      }
    }
    expect(solved).toBeGreaterThan(10);
  });

  it('has multipliers of 16 bits', () => {
    const random = new Random(6);
    for (let i = 0; i < 30; i += 1) {
      const input = randomInput(random);
      const shifts = shortShifts(Math.max(input.reach.greatest, -input.reach.least), input.scale)!;
      const found = solveShort(input, shifts);
      if (found === undefined) continue;
      expect(found.high).toBeLessThan(65536);
      expect(found.low).toBeLessThan(65536);
    }
  });

  it('refuses sums and scales that leave 32 bits', () => {
    expect(shortShifts(2 ** 28, 0.001)).toBeUndefined();
    expect(shortShifts(2 ** 20, 2 ** 11)).toBeUndefined();
    expect(shortShifts(2 ** 20, 2 ** -30)).toBeUndefined();
  });
});
