/** How each operator treats rows along time: row by row, by a window that slides over them, or all rows of the window at once. */
import { type Graph, type Node, valueOf } from '../ir/graph.js';
import { behaviourOf } from '../ops/index.js';
import { uncountedOf } from '../ops/shared/pool.js';
import { extentOf, type Rows, type Span } from './rows.js';

export type Rule =
  /** Output row p depends on row p of every input that has rows. `axis` is time in the output. */
  | { readonly kind: 'rows'; readonly axis: number }
  | { readonly kind: 'window'; readonly axis: number; readonly span: Span }
  | { readonly kind: 'whole'; readonly because: string };

const BROADCAST = new Set(
  'Add Sub Mul Div Min Max Pow And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual Where PRelu Elementwise'.split(
    ' ',
  ),
);
const UNARY = new Set(
  'QuantizeLinear DequantizeLinear Requantize Cast Table Exp Sqrt Neg Abs Not Log Reciprocal Floor Ceil Round Sign Erf'.split(
    ' ',
  ),
);
const REDUCE = new Set(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin']);
const NORMALIZE = new Set(['LayerNormalization', 'RMSNormalization']);

/** Inputs as a rule sees them: `rows` of those that have some; the others are constants, or computed from constants. */
export interface TimedInputs {
  readonly graph: Graph;
  rows(name: string): Rows | undefined;
}

/** The rule of a node with at least one input that has rows, and no other input that changes from window to window. */
export function ruleOf(node: Node, inputs: TimedInputs): Rule {
  const timed = node.inputs.flatMap((name) => (name === '' ? [] : (inputs.rows(name) ?? [])));
  const [first] = timed as [Rows, ...Rows[]];
  const output = valueOf(inputs.graph, node.outputs[0]!);
  if (timed.some(({ length, stride }) => length !== first.length || stride !== first.stride))
    return whole('joins rows of unequal strides or numbers');
  if (output.quantization?.axis !== undefined) return whole('has a scale for each index of an axis');
  if (BROADCAST.has(node.op)) return broadcast(node, inputs, output.shape.length);
  if (node.op === 'Concat') return concat(node, inputs, first);
  if (inputs.rows(node.inputs[0]!) === undefined) return whole('reads rows as something else than its data');
  const { shape } = valueOf(inputs.graph, node.inputs[0]!);
  const axis = first.axis;
  const positive = (index: unknown) => (Number(index) + shape.length) % shape.length;
  if (UNARY.has(node.op) || behaviourOf(node) === 'table') return { kind: 'rows', axis };
  switch (node.op) {
    case 'Conv':
    case 'MaxPool':
    case 'AveragePool':
      return axis < 2 ? whole('mixes all indices of the axis') : sliding(node, axis);
    case 'MatMul':
      return matMul(node, inputs, axis, shape.length);
    case 'Softmax':
    case 'LogSoftmax':
      return positive(node.attributes.axis ?? -1) === axis ? whole('normalizes over time') : { kind: 'rows', axis };
    case 'Transpose':
      return { kind: 'rows', axis: (node.attributes.perm as readonly number[]).indexOf(axis) };
    case 'Reshape':
      return reshape(shape, output.shape, axis);
    case 'Slice':
      return slice(node, axis, first.length);
    case 'Pad':
      return pad(node, axis, shape.length);
  }
  if (REDUCE.has(node.op)) return reduce(node, axis, positive);
  if (NORMALIZE.has(node.op))
    return axis < positive(node.attributes.axis ?? -1) ? { kind: 'rows', axis } : whole('normalizes over time');
  return whole('is not known to work row by row');
}

function whole(because: string): Rule {
  return { kind: 'whole', because };
}

/** Constants must be the same for every row. */
function broadcast(node: Node, { graph, rows }: TimedInputs, rank: number): Rule {
  const axes = node.inputs.flatMap((name) => {
    const timed = name === '' ? undefined : rows(name);
    return timed === undefined ? [] : [timed.axis + rank - valueOf(graph, name).shape.length];
  });
  const axis = axes[0]!;
  if (axes.some((each) => each !== axis)) return whole('reads time along unequal axes');
  const varies = node.inputs.some((name) => {
    if (name === '' || rows(name) !== undefined) return false;
    const { shape } = valueOf(graph, name);
    return (shape[axis - rank + shape.length] ?? 1) !== 1;
  });
  return varies ? whole('has a constant with an element for each row') : { kind: 'rows', axis };
}

function concat(node: Node, { graph, rows }: TimedInputs, { axis }: Rows): Rule {
  const rank = valueOf(graph, node.outputs[0]!).shape.length;
  if ((Number(node.attributes.axis) + rank) % rank === axis) return whole('joins along time');
  return node.inputs.every((name) => rows(name)?.axis === axis)
    ? { kind: 'rows', axis }
    : whole('joins rows with constants');
}

function matMul(node: Node, { graph, rows }: TimedInputs, axis: number, rank: number): Rule {
  if (axis === rank - 1) return whole('sums over time');
  if (rows(node.inputs[1]!) !== undefined) return whole('multiplies rows with rows');
  return valueOf(graph, node.inputs[1]!).shape.length === 2 ? { kind: 'rows', axis } : whole('has a batch of matrices');
}

/** Time keeps its place among the elements: as many before it, as many behind. */
function reshape(from: readonly number[], to: readonly number[], axis: number): Rule {
  const before = (shape: readonly number[], end: number) => shape.slice(0, end).reduce((a, b) => a * b, 1);
  const found = to.findIndex((size, index) => size === from[axis] && before(to, index) === before(from, axis));
  return found < 0 ? whole('gives rows another form') : { kind: 'rows', axis: found };
}

function reduce(node: Node, axis: number, positive: (index: unknown) => number): Rule {
  const axes = (node.attributes.axes as readonly number[] | undefined)?.map(positive);
  if (axes === undefined || axes.includes(axis)) return whole('reduces over time');
  const dropped = Number(node.attributes.keepdims ?? 1) === 1 ? 0 : axes.filter((each) => each < axis).length;
  return { kind: 'rows', axis: axis - dropped };
}

function sliding(node: Node, axis: number): Rule {
  const at = (name: string, index: number) => (node.attributes[name] as readonly number[])[index]!;
  const index = axis - 2;
  const span: Span = {
    kernel: at('kernel_shape', index),
    stride: at('strides', index),
    dilation: at('dilations', index),
    before: at('pads', index),
    after: at('pads', index + 2),
  };
  const isWide = Math.max(span.before, span.after) >= extentOf(span);
  return isWide ? whole('has padding as wide as its kernel') : { kind: 'window', axis, span };
}

function slice(node: Node, axis: number, length: number): Rule {
  const list = (name: string) => node.attributes[name] as readonly number[];
  const index = list('axes').indexOf(axis);
  if (index < 0) return { kind: 'rows', axis };
  const [start, end, step] = [list('starts')[index]!, list('ends')[index]!, list('steps')[index]!];
  if (step < 0) return whole('turns time round');
  if (start === 0 && end === length && step === 1) return { kind: 'rows', axis };
  return { kind: 'window', axis, span: { kernel: 1, stride: step, dilation: 1, before: -start, after: end - length } };
}

function pad(node: Node, axis: number, rank: number): Rule {
  const pads = node.attributes.pads as readonly number[];
  const [before, after] = [pads[axis]!, pads[axis + rank]!];
  if (before === 0 && after === 0) return { kind: 'rows', axis };
  if (before < 0 || after < 0 || (node.attributes.mode ?? 'constant') !== 'constant')
    return whole('pads time with rows');
  return { kind: 'window', axis, span: { kernel: 1, stride: 1, dilation: 1, before, after } };
}

/** Attributes of a node on a part of its rows; `before` and `after` are the padding of that part. */
export function partAttributes(
  node: Node,
  axis: number,
  rows: number,
  before: number,
  after: number,
): Node['attributes'] {
  const changed = (name: string, ...changes: readonly (readonly [number, number])[]) => {
    const list = [...(node.attributes[name] as readonly number[])];
    for (const [index, value] of changes) list[index] = value;
    return { [name]: list };
  };
  switch (node.op) {
    case 'Conv':
    case 'MaxPool':
    case 'AveragePool': {
      const index = axis - 2;
      const attributes = { ...node.attributes, ...changed('pads', [index, before], [index + 2, after]) };
      if (node.attributes.uncounted === undefined) return attributes;
      // Of the padding at the end, what ceil_mode added lies outermost.
      const counted = (node.attributes.pads as readonly number[])[index + 2]! - uncountedOf(node)[index]!;
      return { ...attributes, ...changed('uncounted', [index, Math.max(0, after - counted)]) };
    }
    case 'Pad': {
      const rank = (node.attributes.pads as readonly number[]).length / 2;
      return { ...node.attributes, ...changed('pads', [axis, before], [axis + rank, after]) };
    }
    case 'Slice': {
      const index = (node.attributes.axes as readonly number[]).indexOf(axis);
      if (index < 0) return node.attributes;
      return { ...node.attributes, ...changed('starts', [index, 0]), ...changed('ends', [index, rows]) };
    }
    default:
      return node.attributes;
  }
}
