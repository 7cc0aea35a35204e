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
});
