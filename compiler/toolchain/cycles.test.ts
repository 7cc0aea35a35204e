import { describe, expect, it } from 'vitest';
import { cycleModels, cyclesOf } from './cycle-model.js';
import { cyclesPerInstruction, readFunctions } from './cycles.js';

const m4 = cycleModels['cortex-m4']!;

describe('cycles of an instruction', () => {
  it.each([
    ['ldmia\tr1!, {r2, r4-r7, lr}', 7],
    ['vldmia\tr1!, {s8-s11}', 5],
    ['smlad\tr2, r6, r10, r2', 1],
    ['ldrd\tr0, r1, [r2]', 3],
    ['strb\tr2, [r3, #1]', 1],
    ['bne.n\t8010 <f+0x10>', 3],
    ['bl\t9000 <g>', 3],
    ['bic.w\tr0, r0, #3', 1],
    ['vmov\ts14, s15, r2, r3', 2],
    ['vmov\ts14, r2', 1],
    ['vmul.f32\ts0, s1, s2', 1],
    ['vdiv.f32\ts0, s1, s2', 14],
    ['udiv\tr0, r1, r2', 7],
    ['adds\tr0, #1\t; 0x1', 1],
  ])('%s on the M4: %i', (instruction, cycles) => {
    expect(cyclesOf(instruction, m4)).toBe(cycles);
  });

  it('differs by core', () => {
    expect(cyclesOf('bne.n\t10 <f>', cycleModels['cortex-m0']!)).toBe(2);
    expect(cyclesOf('vmladava.s8\tr0, q1, q2', cycleModels['cortex-m55']!)).toBe(2);
    expect(cyclesOf('smull\tr0, r1, r2, r3', cycleModels['cortex-m3']!)).toBe(4);
  });
});

describe('cycles per instruction of a kernel', () => {
  const text = [
    '00000100 <kernel>:',
    '     100:\tpush\t{r4, r5, r6, lr}',
    '     102:\tldr\tr0, [r1]',
    '     104:\tadds\tr0, #1',
    '     106:\tbne.n\t104 <kernel+0x4>',
    '     108:\tbl\t200 <inner>',
    '     10c:\tbne.n\t102 <kernel+0x2>',
    '     10e:\tpop\t{r4, r5, r6, pc}',
    '',
    '00000200 <inner>:',
    '     200:\tmovs\tr0, #0',
    '     202:\tbx\tlr',
    '',
  ].join('\n');

  it('is that of the innermost loops', () => {
    // adds and bne: 4 cycles for 2 instructions.
    expect(cyclesPerInstruction('kernel', readFunctions(text), m4)).toBe(2);
  });

  it('is that of the whole function where it has no loop, and nothing where it is not there', () => {
    expect(cyclesPerInstruction('inner', readFunctions(text), m4)).toBe(2);
    expect(cyclesPerInstruction('other', readFunctions(text), m4)).toBeUndefined();
  });
});
