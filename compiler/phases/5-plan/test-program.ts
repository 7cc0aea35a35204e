/** Small programs for the tests of this phase: values are byte arrays, calls are made up. */
import type { Graph, Node, StateBinding, Value } from '../../ir/graph.js';
import type { KernelCall, Overlap, Program, View } from '../../ir/kernel-call.js';
import { allocate } from '../../ir/tensor.js';

export interface CallSketch {
  readonly name: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly scratch?: number;
  /** [input, output, lead, multiple] */
  readonly overlaps?: readonly (readonly [string, string, number, number?])[];
  readonly alignment?: number;
  /** [selector, value] */
  readonly guards?: readonly (readonly [string, number])[];
}

export interface ProgramSketch {
  /** Bytes by name. */
  readonly values: Readonly<Record<string, number>>;
  readonly constants?: readonly string[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** [output, input], and the guard under which the state changes */
  readonly states?: readonly (readonly [string, string, (readonly [string, number])?])[];
  readonly calls: readonly CallSketch[];
  /** [value, base, byteOffset]: the value is a window of the base. */
  readonly windows?: readonly (readonly [string, string, number])[];
  /** Concat: [base, parts], the parts one after the other. */
  readonly concats?: readonly (readonly [string, readonly string[]])[];
}

export function programOf(sketch: ProgramSketch): Program {
  const constants = new Set(sketch.constants ?? []);
  const values = new Map<string, Value>();
  for (const [name, bytes] of Object.entries(sketch.values)) {
    const constant = { dtype: 'int8' as const, shape: [bytes], data: allocate('int8', bytes) };
    values.set(name, { name, dtype: 'int8', shape: [bytes], ...(constants.has(name) ? { constant } : {}) });
  }
  const states = (sketch.states ?? []).map(
    ([output, input, guard]): StateBinding => ({
      ...{ output, input, initial: 0 },
      ...(guard === undefined ? {} : { when: [{ selector: guard[0], equals: guard[1] }] }),
    }),
  );
  const graph: Graph = {
    name: 'test',
    inputs: sketch.inputs,
    outputs: sketch.outputs,
    values,
    nodes: [],
    opsets: new Map(),
    states,
  };
  const windows = (sketch.windows ?? []).map(
    ([value, base, byteOffset]): View => ({ node: nodeOf('Slice', [base], [value]), value, base, byteOffset }),
  );
  const parts = (sketch.concats ?? []).flatMap(([base, names]) => {
    let byteOffset = 0;
    return names.map((value): View => {
      const view = { node: nodeOf('Concat', names, [base]), value, base, byteOffset };
      byteOffset += sketch.values[value]!;
      return view;
    });
  });
  return { graph, calls: sketch.calls.map(callOf), views: [...windows, ...parts] };
}

function nodeOf(op: string, inputs: readonly string[], outputs: readonly string[]): Node {
  return { name: `${op}_${outputs.join('_')}`, op, domain: '', inputs, outputs, attributes: {} };
}

function callOf(sketch: CallSketch): KernelCall {
  const overlaps = (sketch.overlaps ?? []).map(
    ([input, output, lead, multiple]): Overlap => ({
      ...{ input, output, lead },
      ...(multiple === undefined ? {} : { multiple }),
    }),
  );
  return {
    node: { ...nodeOf('Test', sketch.reads, sketch.writes), name: sketch.name },
    ...(sketch.guards === undefined
      ? {}
      : { guards: sketch.guards.map(([selector, equals]) => ({ selector, equals })) }),
    family: 'portable',
    function: `test_${sketch.name}`,
    header: 'nanoc/test.h',
    sources: [],
    arguments: [
      ...sketch.reads.map((value) => ({ kind: 'value' as const, value, access: 'read' as const })),
      ...sketch.writes.map((value) => ({ kind: 'value' as const, value, access: 'write' as const })),
    ],
    ...(sketch.scratch === undefined ? {} : { scratch: { bytes: sketch.scratch, alignment: 4 } }),
    overlaps,
    ...(sketch.alignment === undefined ? {} : { alignment: sketch.alignment }),
    macs: 0,
  };
}
