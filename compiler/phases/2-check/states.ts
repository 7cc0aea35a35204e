/** `--state output=input[:value]`: persistent memory between two invocations. */
import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import { suggestion } from '../../diagnostics/suggest.js';
import { consumers, type Graph, type StateBinding, type Value, valueOf } from '../../ir/graph.js';
import { allocate, type DataType } from '../../ir/tensor.js';
import { findOperator } from '../../ops/index.js';

const PAST = /past(_key_values)?/i;
const PRESENT = /present(_key_values)?/i;

/** The graph with its states bound, or those that are recognised where none are `given`. The default initial value is real zero: the zero point with which the state is read. */
export function bindStates(graph: Graph, given: readonly string[] | undefined, diagnostics: Diagnostics): Graph {
  const texts = given ?? recognise(graph, diagnostics);
  const states = texts.flatMap((text) => bind(graph, text, diagnostics) ?? []);
  for (const side of ['input', 'output'] as const) {
    const seen = new Set<string>();
    for (const state of states) {
      if (seen.has(state[side]))
        diagnostics.error({ code: 'NC0207', message: `--state: ${side} "${state[side]}" is bound twice` });
      seen.add(state[side]);
    }
  }
  return { ...graph, states };
}

/** Outputs and inputs of the same type and shape whose names differ only in `present` and `past`, as `--state` would name them. */
function recognise(graph: Graph, diagnostics: Diagnostics): string[] {
  const pasts = new Map(graph.inputs.filter((name) => PAST.test(name)).map((name) => [name.replace(PAST, ''), name]));
  const found = graph.outputs.flatMap((output) => {
    const input = PRESENT.test(output) ? pasts.get(output.replace(PRESENT, '')) : undefined;
    if (input === undefined) return [];
    const [from, to] = [valueOf(graph, output), valueOf(graph, input)];
    return from.dtype === to.dtype && from.shape.join() === to.shape.join() ? [`${output}=${input}`] : [];
  });
  if (found.length > 0) {
    diagnostics.note({
      code: 'NC0227',
      message: `${found.length} ${found.length === 1 ? 'state is' : 'states are'} recognised by name`,
      because: found.map((text) => `--state ${text}`).join('\n'),
    });
  }
  return found;
}

function bind(graph: Graph, text: string, diagnostics: Diagnostics): StateBinding | undefined {
  const parts = splitBinding(graph, text);
  if (parts === undefined) {
    diagnostics.error({
      code: 'NC0207',
      message: `--state ${text}: not of the form output=input or output=input:value`,
    });
    return undefined;
  }
  const { output, input, initial } = parts;
  for (const [name, names, what] of [
    [output, graph.outputs, 'output'],
    [input, graph.inputs, 'input'],
  ] as const) {
    if (names.includes(name)) continue;
    const known = names.map((n) => `"${n}"`).join(', ');
    diagnostics.error({
      code: 'NC0207',
      message: `--state ${text}: the model has no ${what} "${name}"`,
      because: `its ${what}s are ${known}`,
      ...suggestion(name, names),
    });
    return undefined;
  }
  const [from, to] = [valueOf(graph, output), valueOf(graph, input)];
  if (from.dtype !== to.dtype || from.shape.join() !== to.shape.join()) {
    diagnostics.error({
      code: 'NC0207',
      message: `--state ${text}: the two tensors differ`,
      because: `"${output}" is ${from.dtype}[${from.shape}], "${input}" is ${to.dtype}[${to.shape}]`,
    });
    return undefined;
  }
  const value = initial ?? realZero(graph, to);
  if (holds(to.dtype, value)) return { output, input, initial: value };
  diagnostics.error({ code: 'NC0207', message: `--state ${text}: ${to.dtype} does not hold ${value}` });
  return undefined;
}

/** Names may hold colons (TensorFlow's do): a number behind the last one is the value unless it is part of an input's name. */
function splitBinding(graph: Graph, text: string): { output: string; input: string; initial?: number } | undefined {
  const sides = /^(.+?)=(.+)$/.exec(text);
  if (sides === null) return undefined;
  const [, output, rest] = sides as unknown as [string, string, string];
  const valued = /^(.+):(-?\d+(?:\.\d+)?)$/.exec(rest);
  if (valued === null || graph.inputs.includes(rest)) return { output, input: rest };
  return { output, input: valued[1]!, initial: Number(valued[2]) };
}

function holds(dtype: DataType, value: number): boolean {
  const probe = allocate(dtype, 1);
  if (probe instanceof BigInt64Array || probe instanceof BigUint64Array) return Number.isSafeInteger(value);
  probe[0] = value;
  return probe[0] === value || probe instanceof Float32Array;
}

/** Follows the state through data movement and Concat to an operator that knows its zero point. */
function realZero(graph: Graph, state: Value): number {
  const readers = consumers(graph);
  const seen = new Set<string>();
  const queue = [state.name];
  while (queue.length > 0) {
    const name = queue.shift()!;
    if (seen.has(name)) continue;
    seen.add(name);
    for (const node of readers.get(name) ?? []) {
      const operator = findOperator(node.domain, node.op);
      const index = node.inputs.indexOf(name);
      const zero = operator?.inputs.findIndex((spec, i) => i > index && spec.name.endsWith('zero_point')) ?? -1;
      const constant = zero >= 0 ? graph.values.get(node.inputs[zero] ?? '')?.constant : undefined;
      if (constant !== undefined) return Number(constant.data[0]);
      if (operator?.quantized === 'moves-data' || node.op === 'Concat') queue.push(...node.outputs);
    }
  }
  return 0;
}
