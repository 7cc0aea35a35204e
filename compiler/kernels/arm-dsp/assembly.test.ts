import { expect, it } from 'vitest';
import { schedule } from './assembly.js';

it('every step is in the loop or behind it; what is not a loop has nothing behind it', () => {
  for (let longest = 1; longest <= 24; longest += 1) {
    for (let steps = 0; steps <= 200; steps += 1) {
      const { unrolled, rounds, rest } = schedule(steps, longest);
      const label = `${steps} steps, at most ${longest}`;
      expect(unrolled * rounds + rest, label).toBe(steps);
      expect(unrolled, label).toBeLessThanOrEqual(longest);
      if (rounds === 1) expect(rest, label).toBe(0);
    }
  }
});
