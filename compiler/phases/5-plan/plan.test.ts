import { describe, expect, it } from 'vitest';
import type { MemoryPlan } from '../../ir/memory-plan.js';
import { planMemory, separateStorage } from './index.js';
import { type ProgramSketch, programOf } from './test-program.js';

function plan(sketch: ProgramSketch, options: { alignment?: number; guardBytes?: number } = {}): MemoryPlan {
  const { alignment = 1, ...rest } = options;
  return planMemory(separateStorage(programOf(sketch)), { alignment, ...rest });
}

const chain: ProgramSketch = {
  values: { x: 100, a: 100, b: 40, y: 10 },
  inputs: ['x'],
  outputs: ['y'],
  calls: [
    { name: 'first', reads: ['x'], writes: ['a'], overlaps: [['x', 'a', 0]] },
    { name: 'second', reads: ['a'], writes: ['b'], overlaps: [['a', 'b', 8]] },
    { name: 'third', reads: ['b'], writes: ['y'] },
  ],
};

describe('a chain', () => {
  it('costs the larger of input and output where the kernels allow it', () => {
    const { arenaBytes, lowerBound, search } = plan(chain);
    expect({ arenaBytes, lowerBound, optimal: search.optimal }).toEqual({
      arenaBytes: 108,
      lowerBound: 108,
      optimal: true,
    });
  });

  it('keeps buffers apart by guard bytes in a verification build', () => {
    const { arenaBytes, guardBytes } = plan(chain, { guardBytes: 16 });
    expect({ arenaBytes, guardBytes }).toEqual({ arenaBytes: 248, guardBytes: 16 });
  });
});

describe('views', () => {
  it('puts the inputs of a Concat where its output has them', () => {
    const { placements, calls } = plan({
      values: { x: 8, a: 8, b: 8, both: 16, y: 4 },
      inputs: ['x'],
      outputs: ['y'],
      concats: [['both', ['a', 'b']]],
      calls: [
        { name: 'a', reads: ['x'], writes: ['a'] },
        { name: 'b', reads: ['x'], writes: ['b'] },
        { name: 'y', reads: ['both'], writes: ['y'] },
      ],
    });
    expect(calls).toHaveLength(3);
    expect(placements.get('b')!.offset - placements.get('a')!.offset).toBe(8);
    expect(placements.get('both')!.offset).toBe(placements.get('a')!.offset);
  });

  it('copies a value that two places of a Concat need', () => {
    const { calls } = plan({
      values: { x: 8, a: 8, twice: 16, y: 4 },
      inputs: ['x'],
      outputs: ['y'],
      concats: [['twice', ['a', 'a']]],
      calls: [
        { name: 'a', reads: ['x'], writes: ['a'] },
        { name: 'y', reads: ['twice'], writes: ['y'] },
      ],
    });
    expect(calls.map((call) => call.function)).toEqual(['test_a', 'nanoc_copy', 'test_y']);
  });
});

describe('states', () => {
  it('updates a state in place when nothing reads the old one any more', () => {
    const { placements, stateBytes, calls, arenaBytes } = plan({
      values: { x: 8, h: 16, next: 16 },
      inputs: ['x', 'h'],
      outputs: ['next'],
      states: [['next', 'h']],
      calls: [{ name: 'cell', reads: ['x', 'h'], writes: ['next'], overlaps: [['h', 'next', 0]] }],
    });
    expect({ calls: calls.length, stateBytes, arenaBytes }).toEqual({ calls: 1, stateBytes: 16, arenaBytes: 8 });
    expect(placements.get('next')).toMatchObject({ region: 'state', offset: placements.get('h')!.offset });
  });

  it('copies the next state when its writer needs the old one apart', () => {
    const { stateBytes, calls, arenaBytes } = plan({
      values: { x: 8, h: 16, next: 16 },
      inputs: ['x', 'h'],
      outputs: ['next'],
      states: [['next', 'h']],
      calls: [{ name: 'cell', reads: ['x', 'h'], writes: ['next'] }],
    });
    expect({ calls: calls.map((call) => call.function), stateBytes, arenaBytes }).toEqual({
      calls: ['test_cell', 'nanoc_copy'],
      stateBytes: 16,
      arenaBytes: 24,
    });
  });

  it('exchanges two states by way of a third buffer', () => {
    const { calls, stateBytes } = plan({
      values: { x: 8, p: 16, q: 16, pNext: 16, qNext: 16, y: 4 },
      inputs: ['x', 'p', 'q'],
      outputs: ['y', 'pNext', 'qNext'],
      states: [
        ['pNext', 'p'],
        ['qNext', 'q'],
      ],
      windows: [
        ['pNext', 'q', 0],
        ['qNext', 'p', 0],
      ],
      calls: [{ name: 'y', reads: ['x', 'p', 'q'], writes: ['y'] }],
    });
    expect(calls.filter((call) => call.function === 'nanoc_copy')).toHaveLength(3);
    expect(stateBytes).toBe(32);
  });

  it('copies an output that shows the old state, and refuses one that is the old state', () => {
    const sketch: ProgramSketch = {
      values: { x: 8, h: 16, old: 16, next: 16 },
      inputs: ['x', 'h'],
      outputs: ['next', 'old'],
      states: [['next', 'h']],
      windows: [['old', 'h', 0]],
      calls: [{ name: 'cell', reads: ['x', 'h'], writes: ['next'], overlaps: [['h', 'next', 0]] }],
    };
    expect(plan(sketch).calls.map((call) => call.function)).toEqual(['nanoc_copy', 'test_cell']);
    expect(() => plan({ ...sketch, outputs: ['next', 'h'] })).toThrow(/NC0410/);
  });

  it('lets a Concat live in state memory when that costs less than copies in the arena', () => {
    // Next to a large arena the room for the Concat is free, so it is not kept for ever.
    const sketch = (extra: number): ProgramSketch => ({
      values: { x: 8, big: extra, h: 16, new: 8, both: 24, y: 4, next: 16 },
      inputs: ['x', 'h'],
      outputs: ['y', 'next'],
      states: [['next', 'h']],
      concats: [['both', ['h', 'new']]],
      windows: [['next', 'both', 8]],
      calls: [
        { name: 'big', reads: ['x'], writes: ['big'] },
        { name: 'new', reads: ['big'], writes: ['new'] },
        { name: 'conv', reads: ['both'], writes: ['y'] },
      ],
    });
    const copies = (size: number) => plan(sketch(size)).calls.filter((call) => call.function === 'nanoc_copy').length;
    expect({ small: copies(4), large: copies(1000) }).toEqual({ small: 1, large: 2 });
    expect(plan(sketch(4)).placements.get('new')!.region).toBe('state');
  });
});

describe('outputs', () => {
  it('may be inputs, constants, views of inputs, and each other', () => {
    const { placements, arenaBytes } = plan({
      values: { x: 8, k: 4, half: 4, same: 8, y: 8 },
      constants: ['k'],
      inputs: ['x'],
      outputs: ['x', 'k', 'half', 'y', 'same'],
      windows: [
        ['half', 'x', 4],
        ['same', 'y', 0],
      ],
      calls: [{ name: 'y', reads: ['x', 'k'], writes: ['y'], overlaps: [['x', 'y', 0]] }],
    });
    expect(arenaBytes).toBe(16);
    expect(placements.get('k')!.region).toBe('flash');
    expect(placements.get('half')!.offset).toBe(placements.get('x')!.offset + 4);
    expect(placements.get('same')!.offset).toBe(placements.get('y')!.offset);
  });
});

describe('overlap', () => {
  const one = (overlaps: [string, string, number, number?][], reads: string[] = ['x']): ProgramSketch => ({
    values: { x: 12, y: 12 },
    inputs: ['x'],
    outputs: ['y'],
    calls: [{ name: 'y', reads, writes: ['y'], overlaps }],
  });

  it('needs the promise for every way of reading', () => {
    expect(plan(one([['x', 'y', 0]])).arenaBytes).toBe(12);
    expect(plan(one([['x', 'y', 0]], ['x', 'x'])).arenaBytes).toBe(24);
    expect(
      plan(
        one(
          [
            ['x', 'y', 0],
            ['x', 'y', 3],
          ],
          ['x', 'x'],
        ),
      ).arenaBytes,
    ).toBe(15);
  });

  it('keeps the distance that a lead and a multiple ask for', () => {
    const { placements } = plan(one([['x', 'y', 4, 4]]));
    expect(placements.get('x')!.offset - placements.get('y')!.offset).toBe(4);
    // The output may start later only by whole pixels.
    const later = plan({ ...one([['x', 'y', -4, 4]]), values: { x: 12, y: 3 } });
    expect((later.placements.get('x')!.offset - later.placements.get('y')!.offset) % 4).toBe(0);
  });
});
