import { describe, expect, it } from 'vitest';
import type { MemoryPlan } from '../ir/memory-plan.js';
import { planMemory, separateStorage } from '../phases/5-plan/index.js';
import { programOf } from '../phases/5-plan/test-program.js';
import { arenaPicture } from './arena-picture.js';

function plan(steps: number): MemoryPlan {
  const names = Array.from({ length: steps }, (_, i) => `v${i}`);
  return planMemory(
    separateStorage(
      programOf({
        values: { x: 32, ...Object.fromEntries(names.map((name, i) => [name, i % 2 === 0 ? 64 : 32])) },
        inputs: ['x'],
        outputs: [names.at(-1)!],
        calls: names.map((name, i) => ({
          name: `call_${i}`,
          reads: [i === 0 ? 'x' : names[i - 1]!],
          writes: [name],
          scratch: i === 1 ? 16 : 0,
        })),
      }),
    ),
    { alignment: 4 },
  );
}

describe('the picture of the arena', () => {
  it('shows each buffer over the steps in which it is alive', () => {
    expect(`\n${arenaPicture(plan(3), { rows: 7 })}\n`).toBe(`
 address  0  step
       0 .BBDD
      16 .BBDD
      32 .BBDD
      48 .BBDD
      64 AACC.
      80 AACC.
      96 ..+..

alive at the peak: step 1, Test "call_1"
   bytes  addresses  steps  buffer
─  ─────  ─────────  ─────  ──────────────
B     64      0..63   0..1  v0
C     32     64..95   1..2  v1
+     16    96..111   1..1  call_1#scratch
`);
  });

  it('stays within its width however many steps there are', () => {
    for (const steps of [1, 89, 500]) {
      const lines = arenaPicture(plan(steps), { width: 80 }).split('\n');
      const picture = lines.slice(1, lines.indexOf(''));
      expect(Math.max(...picture.map((line) => line.length))).toBeLessThanOrEqual(80);
      expect(picture.length).toBeLessThanOrEqual(20);
    }
  });
});
