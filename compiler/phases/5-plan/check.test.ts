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

describe('the judge of branches', () => {
  const branching = separateStorage(
    programOf({
      values: { x: 8, c: 1, t: 8, y: 8, past: 4, present: 4, z: 4 },
      inputs: ['x', 'past'],
      outputs: ['z', 'present'],
      states: [['present', 'past', ['c', 0]]],
      calls: [
        { name: 'condition', reads: ['x'], writes: ['c'] },
        { name: 'then', reads: ['x'], writes: ['y'], guards: [['c', 1]] },
        { name: 'before', reads: ['x'], writes: ['t'], guards: [['c', 0]] },
        { name: 'else', reads: ['t'], writes: ['y'], guards: [['c', 0]] },
        {
          name: 'update',
          reads: ['past', 't'],
          writes: ['present'],
          overlaps: [['past', 'present', 0]],
          guards: [['c', 0]],
        },
        { name: 'join', reads: ['y'], writes: ['z'] },
      ],
    }),
  );
  const whole = planMemory(branching, { alignment: 1 });

  function moved(changes: Readonly<Record<string, number>>, calls = whole.calls): MemoryPlan {
    const placements = new Map(whole.placements);
    for (const [name, at] of Object.entries(changes)) placements.set(name, { ...placements.get(name)!, offset: at });
    return { ...whole, arenaBytes: 1000, stateBytes: 1000, placements, calls };
  }

  it('accepts a plan whose branches write one value in turn', () => {
    expect(() => checkPlan(whole, branching)).not.toThrow();
    expect(() => checkPlan(moved({ x: 100, c: 200, t: 300, y: 400, z: 500 }), branching)).not.toThrow();
  });

  it('finds what one branch has written spoiled by another, which is not taken with it', () => {
    expect(() => checkPlan(moved({ x: 100, c: 200, t: 404, y: 400, z: 500 }), branching)).toThrow(
      /in whose place another branch has written, reads "y"|writes "y" over "t"/,
    );
    // Without the overlap of `else`'s own buffers: the call before it spoils y.
    const calls = whole.calls.map((call) =>
      call.node.name === 'else' ? { ...call, overlaps: [{ input: 't', output: 'y', lead: -8 }] } : call,
    );
    const program = { ...branching, calls };
    expect(() => checkPlan(moved({ x: 100, c: 200, t: 404, y: 400, z: 500 }, calls), program)).toThrow(
      /"else"\), in whose place another branch has written, reads "y"/,
    );
  });

  it('finds a condition that is gone when a branch asks for it', () => {
    expect(() => checkPlan(moved({ x: 100, c: 304, t: 300, y: 400, z: 500 }), branching)).toThrow(
      /"before"\) writes "t" over "c" while it reads it/,
    );
  });

  it('finds a state that would not be kept where its branch is not taken', () => {
    const calls = whole.calls.map((call) =>
      call.node.name === 'before' ? { ...call, scratch: { bytes: 4, alignment: 1 } } : call,
    );
    const plan = moved({ x: 100, c: 200, t: 300, y: 400, z: 500 }, calls);
    const scratch = {
      name: 'before#scratch',
      kind: 'scratch',
      region: 'state',
      offset: 2,
      bytes: 4,
      live: [0, 9],
    } as const;
    const placements = new Map<string, Placement>(plan.placements).set(scratch.name, scratch);
    expect(() => checkPlan({ ...plan, placements }, { ...branching, calls })).toThrow(/reads "past", and state byte 2/);
  });

  it('finds a value that no branch has written on the way to its reader', () => {
    const calls = whole.calls.map((call) =>
      call.node.name === 'else'
        ? { ...call, guards: [...call.guards!, { selector: 'c', equals: 0 }, { selector: 't', equals: 3 }] }
        : call,
    );
    expect(() => checkPlan(moved({}, calls), { ...branching, calls })).toThrow(
      /"join"\) reads "y", which no branch that leads there has written/,
    );
  });
});
