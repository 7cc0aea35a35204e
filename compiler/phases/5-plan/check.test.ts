import { describe, expect, it } from 'vitest';
import type { Program } from '../../ir/kernel-call.js';
import type { MemoryPlan, Placement } from '../../ir/memory-plan.js';
import { checkPlan, planMemory, separateStorage } from './index.js';
import { programOf } from './test-program.js';

const program: Program = separateStorage(
  programOf({
    values: { x: 16, h: 8, a: 16, b: 12, left: 8, right: 8, both: 16, y: 16, next: 8 },
    inputs: ['x', 'h'],
    outputs: ['y', 'next'],
    states: [['next', 'h']],
    concats: [['both', ['left', 'right']]],
    calls: [
      { name: 'first', reads: ['x'], writes: ['a'], overlaps: [['x', 'a', 4]], scratch: 8 },
      { name: 'second', reads: ['a'], writes: ['b'] },
      { name: 'left', reads: ['b'], writes: ['left'] },
      { name: 'right', reads: ['b', 'h'], writes: ['right'] },
      { name: 'last', reads: ['both'], writes: ['y'], overlaps: [['both', 'y', 0]], alignment: 4 },
      { name: 'cell', reads: ['h', 'y'], writes: ['next'], overlaps: [['h', 'next', 0]] },
    ],
  }),
);
const plan = planMemory(program, { alignment: 4 });
const guarded = planMemory(program, { alignment: 4, guardBytes: 8 });

/** The plan with some placements changed. */
function broken(changes: Readonly<Record<string, Partial<Placement>>>, base: MemoryPlan = plan): MemoryPlan {
  const placements = new Map(base.placements);
  for (const [name, change] of Object.entries(changes)) placements.set(name, { ...placements.get(name)!, ...change });
  // Room for anything, so that only the break itself is found.
  return { ...base, arenaBytes: 1000, stateBytes: 1000, placements };
}

function offset(name: string): number {
  return plan.placements.get(name)!.offset;
}

describe('the judge', () => {
  it('accepts the plans as they are', () => {
    expect(() => checkPlan(plan, program)).not.toThrow();
    expect(() => checkPlan(guarded, program)).not.toThrow();
    expect(() => checkPlan(broken({}), program)).not.toThrow();
  });

  it('finds bytes that are overwritten before their last reader', () => {
    expect(() =>
      checkPlan(
        broken({ left: { offset: offset('b') }, both: { offset: offset('b') }, right: { offset: offset('b') + 8 } }),
        program,
      ),
    ).toThrow(/writes "left" over "b"|reads "b", and arena byte/);
  });

  it('finds a value that is overwritten by a call that does not read it', () => {
    const far = broken({ b: { offset: 400 }, left: { offset: 500 }, right: { offset: 508 }, both: { offset: 500 } });
    const moved = new Map(far.placements).set('a', { ...far.placements.get('a')!, offset: 200 });
    expect(() => checkPlan({ ...far, placements: moved }, program)).not.toThrow();
    // `right` is written beside its place, over `left`, which `last` reads.
    moved.set('right', { ...moved.get('right')!, offset: 504 });
    expect(() => checkPlan({ ...far, placements: moved }, program)).toThrow(
      /reads "both", and arena byte 504 holds byte 0 of "right" instead of byte 4 of "left"/,
    );
  });

  it('finds an output that is too near to the input that it lies over', () => {
    const near = { a: { offset: 104 }, x: { offset: 106 }, b: { offset: 300 } };
    expect(() =>
      checkPlan(broken({ ...near, x: { offset: 108 }, 'first#scratch': { offset: 400 } }), program),
    ).not.toThrow();
    expect(() => checkPlan(broken({ ...near, 'first#scratch': { offset: 400 } }), program)).toThrow(
      /writes "a" over "x" while it reads it/,
    );
  });

  it('finds scratch on an input, an output or a value that is needed later', () => {
    expect(() =>
      checkPlan(
        broken({ a: { offset: 300 }, b: { offset: 500 }, x: { offset: 600 }, 'first#scratch': { offset: 604 } }),
        program,
      ),
    ).toThrow(/writes "first#scratch" over "x"/);
    expect(() => checkPlan(broken({ x: { offset: 500 }, 'first#scratch': { offset: offset('a') } }), program)).toThrow(
      /to the same bytes/,
    );
    expect(() => checkPlan(broken({ 'first#scratch': { bytes: 4 } }), program)).toThrow(
      /scratch of step 0 .* is too small/,
    );
  });

  it('finds a part of a Concat that is not where its base has it', () => {
    expect(() => checkPlan(broken({ right: { offset: 600 } }), program)).toThrow(/reads "both"/);
  });

  it('finds an output that is not there for the caller', () => {
    const longer = new Map(plan.placements).set('y', { ...plan.placements.get('y')!, live: [4, 5] });
    expect(() => checkPlan({ ...plan, placements: longer }, program)).toThrow(
      /the caller reads "y" outside its lifetime/,
    );
  });

  it('finds a state that is not carried over, or written too early', () => {
    expect(() => checkPlan(broken({ next: { offset: 100 } }), program)).toThrow(
      /the memory of state "h" does not hold "next"/,
    );
    expect(() => checkPlan(broken({ next: { region: 'arena', offset: 500 } }), program)).toThrow(
      /state "h" does not hold "next"/,
    );
    expect(() => checkPlan(broken({ h: { region: 'arena', offset: 500 } }), program)).toThrow(
      /state "h" is not in state memory/,
    );
    const early = [...plan.calls];
    const cell = early.findIndex((call) => call.node.name === 'cell');
    early.unshift(...early.splice(cell, 1));
    expect(() => checkPlan({ ...plan, calls: early }, program)).toThrow(/invariant/);
  });

  it('finds a call that is missing, done twice, or before its input', () => {
    expect(() => checkPlan({ ...plan, calls: plan.calls.slice(1) }, program)).toThrow(/every call once/);
    expect(() => checkPlan({ ...plan, calls: [...plan.calls.slice(1), plan.calls[1]!] }, program)).toThrow(
      /is written twice/,
    );
    expect(() => checkPlan({ ...plan, calls: [...plan.calls].reverse() }, program)).toThrow(/holds/);
  });

  it('finds a buffer outside its region, unplaced or misaligned', () => {
    expect(() => checkPlan({ ...plan, arenaBytes: plan.arenaBytes - 1 }, program)).toThrow(/lies outside the arena/);
    expect(() => checkPlan(broken({ x: { offset: -1 } }), program)).toThrow(/lies outside the arena/);
    expect(() => checkPlan(broken({ y: { offset: 401 } }), program)).toThrow(/"y" is not aligned to 4 bytes/);
    const fewer = new Map(plan.placements);
    fewer.delete('b');
    expect(() => checkPlan({ ...plan, placements: fewer }, program)).toThrow(/"b" has no place/);
    expect(() => checkPlan(broken({ b: { bytes: 11 } }), program)).toThrow(/has 11 bytes of 12/);
  });

  it('finds missing guard bytes', () => {
    const { arenaBytes } = guarded;
    const x = guarded.placements.get('x')!;
    const narrow = broken({ 'first#scratch': { offset: x.offset + x.bytes + 4 } }, guarded);
    expect(() => checkPlan(narrow, program)).toThrow(/invariant/);
    expect(() =>
      checkPlan({ ...broken({ x: { offset: 996 - 16 } }, guarded), arenaBytes: arenaBytes + 1000 }, program),
    ).not.toThrow();
    expect(() => checkPlan(broken({ x: { offset: 1000 - 16 } }, guarded), program)).toThrow(
      /no guard bytes at an end of the arena/,
    );
  });
});
