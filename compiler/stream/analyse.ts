/** Which values of a model have rows along time, and which of their rows a step finds as the step before has left them. */
import { type Graph, type Node, valueOf } from '../ir/graph.js';
import { type Rows, type Span, untouched } from './rows.js';
import { type Rule, ruleOf } from './rules.js';

export interface Analysis {
  readonly input: string;
  readonly hop: number;
  /** Rows of the input in a window. */
  readonly window: number;
  readonly history: boolean;
  /** Values whose rows come step by step; all others are computed for the whole window, or are constants. */
  readonly rows: ReadonlyMap<string, Rows>;
  /** Of the nodes that work row by row or by a sliding window: what to do for a part of the rows. */
  readonly rules: ReadonlyMap<Node, Exclude<Rule, { kind: 'whole' }>>;
  /** Nodes that read all rows of a window in every step, and why. */
  readonly whole: ReadonlyMap<Node, string>;
  /** With `pads=history`: nodes that do not allow it, and why. */
  readonly refused: ReadonlyMap<Node, string>;
  /** Strides along time that a hop has to be a multiple of. */
  readonly strides: readonly number[];
}

/** @param hop rows of the input that a step takes */
export function analyse(graph: Graph, input: string, axis: number, hop: number, history: boolean): Analysis {
  const window = valueOf(graph, input).shape[axis]!;
  const start: Rows = {
    axis,
    length: window,
    stride: 1,
    hop,
    first: history ? -Infinity : 0,
    end: window,
    padded: false,
  };
  const rows = new Map<string, Rows>([[input, start]]);
  const rules = new Map<Node, Exclude<Rule, { kind: 'whole' }>>();
  const [whole, refused] = [new Map<Node, string>(), new Map<Node, string>()];
  const strides = new Set<number>();
  // Values that are computed from constants alone.
  const fixed = new Set([
    '',
    ...[...graph.values.values()].filter((value) => value.constant !== undefined).map(({ name }) => name),
  ]);
  for (const node of graph.nodes) {
    const timed = node.inputs.filter((name) => rows.has(name));
    if (timed.length === 0) {
      if (node.inputs.every((name) => fixed.has(name))) for (const output of node.outputs) fixed.add(output);
      continue;
    }
    const others = node.inputs.some((name) => !fixed.has(name) && !rows.has(name));
    const rule: Rule = others
      ? { kind: 'whole', because: 'reads a result of the whole window' }
      : ruleOf(node, { graph, rows: (name) => rows.get(name) });
    if (rule.kind === 'whole') {
      whole.set(node, rule.because);
      continue;
    }
    const joined = join(timed.map((name) => rows.get(name)!));
    const length = valueOf(graph, node.outputs[0]!).shape[rule.axis]!;
    const stride = rule.kind === 'window' ? joined.stride * rule.span.stride : joined.stride;
    if (length === 1 && joined.length > 1) {
      whole.set(node, 'makes one row of the whole window');
      continue;
    }
    strides.add(stride);
    const moved = rule.kind === 'window' ? slid(node, rule.span, joined, length, history) : joined;
    if (typeof moved === 'string') refused.set(node, moved);
    const { first, end, padded } = typeof moved === 'string' ? joined : moved;
    if (hop % stride !== 0) whole.set(node, `moves on by ${stride} rows of the input, a step by ${hop}`);
    else if (end - first < hop / stride) whole.set(node, 'has padding within reach of every row');
    else {
      rules.set(node, rule);
      const result: Rows = { axis: rule.axis, length, stride, hop: hop / stride, first, end, padded };
      for (const output of node.outputs) rows.set(output, result);
    }
  }
  return { input, hop, window, history, rows, rules, whole, refused, strides: [...strides] };
}

function join(all: readonly Rows[]): Rows {
  const first = Math.max(...all.map((each) => each.first));
  const end = Math.min(...all.map((each) => each.end));
  return { ...all[0]!, first, end, padded: all.some(({ padded }) => padded) };
}

/** The rows that stay, behind a sliding window; a text says why padding cannot be history. */
function slid(
  node: Node,
  span: Span,
  rows: Rows,
  length: number,
  history: boolean,
): Pick<Rows, 'first' | 'end' | 'padded'> | string {
  if (!history) {
    const { first, end } = untouched(span, rows, length);
    // A part that is padding alone cannot be computed from no row: one row goes with it.
    const padding = node.op === 'Pad' && span.before > 0 && rows.first === 0 ? 1 : 0;
    return { first: first + padding, end, padded: false };
  }
  if (span.before > 0 && node.op !== 'Conv') return 'is no convolution, and has padding in front';
  if (untouched(span, { ...rows, first: 0 }, length).end < length) return 'has padding behind: it looks ahead';
  return { first: -Infinity, end: length, padded: rows.padded || span.before > 0 };
}
