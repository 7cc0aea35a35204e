import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import { fitsField, groupsFit, lighten, lightenGroups } from './fields.js';

/** Least and greatest sum of x * w for x in [-128, 127]. */
function extremes(weights: Iterable<number>): [number, number] {
  let [least, greatest] = [0, 0];
  for (const w of weights) {
    least += w * (w > 0 ? -128 : 127);
    greatest += w * (w > 0 ? 127 : -128);
  }
  return [least, greatest];
}

describe('two sums in one word', () => {
  it('fits exactly where 16 bits hold every sum', () => {
    const random = new Random(1);
    for (let i = 0; i < 2000; i += 1) {
      const weights = Array.from({ length: 4 }, () => random.integer(-128, 127));
      const [least, greatest] = extremes(weights);
      const positive = weights.reduce((sum, w) => sum + Math.max(w, 0), 0);
      const negative = weights.reduce((sum, w) => sum + Math.max(-w, 0), 0);
      expect(fitsField(positive, negative)).toBe(least >= -32768 && greatest <= 32767);
    }
  });

  it('light weights and surplus are the weights', () => {
    const random = new Random(2);
    for (const size of [2, 4, 8, 16, 2, 4, 8, 16]) {
      // Of int8, and less a zero point.
      const limit = size === 4 ? 128 : 255;
      const weights = Int16Array.from({ length: 37 }, () => random.integer(-limit, limit - 1));
      const { weights: light, surplus } = lightenGroups(weights, size);
      expect(groupsFit(light, size)).toBe(true);
      const whole = Int32Array.from(light);
      for (const { position, weight } of surplus) {
        expect(weight).toBe((weight << 24) >> 24);
        whole[position]! += weight;
      }
      expect([...whole]).toEqual([...weights]);
    }
  });

  it('the surplus of a channel is one group', () => {
    expect(lighten(Int16Array.of(100, 100, 100, 0, 5, -5, 5, -5))!.surplus).toHaveLength(1);
    expect(lighten(Int16Array.from({ length: 8 }, () => 127))).toBeUndefined();
    expect(lighten(Int16Array.of(140, 0, 0, 0, 0, 0, 0, -200))!.surplus).toEqual([
      { position: 0, weight: 13 },
      { position: 7, weight: -72 },
    ]);
    expect(groupsFit(Int16Array.of(-128, -128), 2)).toBe(false);
    expect(groupsFit(Int16Array.of(128, 0), 2)).toBe(false);
    expect(groupsFit(Int16Array.of(-128, 127, 127, 127), 2)).toBe(true);
  });
});
