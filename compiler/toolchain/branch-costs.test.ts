import { describe, expect, it } from 'vitest';
import type { Guard } from '../ir/guards.js';
import { worstCase } from './branch-costs.js';

const when = (...guards: [string, number][]): { guards: Guard[] } => ({
  guards: guards.map(([selector, equals]) => ({ selector, equals })),
});

/** always; c = 0: 10; c = 1: 20, and within it d = 0: 5, d = 1: 7; e = 0, 1, 2: 1, 30, 2 */
const steps = [
  {},
  when(['c', 0]),
  when(['c', 1]),
  when(['c', 1], ['d', 0]),
  when(['c', 1], ['d', 1]),
  when(['e', 0]),
  when(['e', 1]),
  when(['e', 2]),
];
const full = [100, 10, 20, 5, 7, 1, 30, 2];

function run(...taken: number[]) {
  const isTaken = steps.map((_, step) => taken.includes(step));
  return { taken: isTaken, instructions: full.map((count, step) => (isTaken[step] ? count : 0)) };
}

describe('worstCase', () => {
  it('takes the dearest case of each condition, also within a case', () => {
    const runs = [run(0, 1, 5), run(0, 2, 3, 6), run(0, 2, 4, 7)];
    expect(worstCase(steps, runs)).toEqual({ instructions: 100 + 20 + 7 + 30, unseen: [] });
  });

  it('counts the most that a step took, and what skipping takes', () => {
    const more = { taken: [true, true], instructions: [9, 4] };
    const skipping = { taken: [true, false], instructions: [8, 3] };
    expect(worstCase([{}, when(['c', 1])], [more, skipping]).instructions).toBe(9 + 4);
    expect(worstCase([{}, when(['c', 1])], [skipping])).toEqual({ instructions: 8 + 3, unseen: [1] });
  });
});
