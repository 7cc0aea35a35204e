import { describe, expect, it } from 'vitest';
import { decoderStep, STATES } from '../../../test/support/decoder-step.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { bindStates } from './states.js';

describe('states that are recognised by name', () => {
  const graph = decoderStep({ quantized: false }).checked();

  it('are those that would be given', () => {
    const diagnostics = new Diagnostics();
    const { states } = bindStates(graph, undefined, diagnostics);
    expect(states).toEqual(bindStates(graph, STATES, new Diagnostics()).states);
    expect(states).toHaveLength(2);
    expect(diagnostics.list).toMatchObject([{ code: 'NC0227', severity: 'note' }]);
  });

  it('are none where states are given, if only an empty list', () => {
    const diagnostics = new Diagnostics();
    expect(bindStates(graph, [], diagnostics).states).toEqual([]);
    expect(bindStates(graph, STATES.slice(1), diagnostics).states).toHaveLength(1);
    expect(diagnostics.list).toEqual([]);
  });

  it('have the same shape', () => {
    const values = new Map(graph.values);
    values.set('past_key', { ...values.get('past_key')!, shape: [2, 5, 8] });
    const { states } = bindStates({ ...graph, values }, undefined, new Diagnostics());
    expect(states.map(({ input }) => input)).toEqual(['past_value']);
  });
});
