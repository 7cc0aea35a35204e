/** LSTM, GRU and RNN as ONNX has them become `ai.nanoc.Recurrent`, without what a compiler knows better: lengths, names of functions, zeros. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Value } from '../../ir/graph.js';
import type { AttributeSpec, Inferred, InputSpec, NodeView, OperatorDefinition } from '../define.js';
import { defineOp } from '../define.js';

/** Gates of a unit, in the order of ONNX's weights; activation functions of a direction. */
export const CELLS = {
  LSTM: { gates: 4, functions: ['Sigmoid', 'Tanh', 'Tanh'] },
  GRU: { gates: 3, functions: ['Sigmoid', 'Tanh'] },
  RNN: { gates: 1, functions: ['Tanh'] },
} as const;
export type Cell = keyof typeof CELLS;

const [X, W, R, B, LENGTHS, H0, C0, PEEPHOLES] = [0, 1, 2, 3, 4, 5, 6, 7];

const attributes = {
  hidden_size: { type: 'int', required: true },
  direction: {
    type: 'string',
    default: 'forward',
    check: (value) =>
      ['forward', 'reverse', 'bidirectional'].includes(String(value))
        ? undefined
        : `is ${String(value)}: forward, reverse and bidirectional exist`,
  },
  layout: { type: 'int', default: 0 },
  activations: { type: 'strings' },
  activation_alpha: { type: 'floats' },
  activation_beta: { type: 'floats' },
  clip: { type: 'float' },
} satisfies Readonly<Record<string, AttributeSpec>>;

interface Described {
  readonly name: Cell;
  readonly opsets: readonly number[];
  readonly summary: string;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
}

export function defineRecurrent({ name, opsets, summary, attributes: own }: Described): OperatorDefinition {
  const isLstm = name === 'LSTM';
  const inputs: InputSpec[] = [
    { name: 'X' },
    { name: 'W', mustBeConstant: true },
    { name: 'R', mustBeConstant: true },
    { name: 'B', optional: true, mustBeConstant: true },
    { name: 'sequence_lens', optional: true, mustBeConstant: true },
    { name: 'initial_h', optional: true },
  ];
  if (isLstm) inputs.push({ name: 'initial_c', optional: true }, { name: 'P', optional: true });
  return defineOp({
    ...{ name, domain: '', opsets, summary, inputs },
    outputs: isLstm ? ['Y', 'Y_h', 'Y_c'] : ['Y', 'Y_h'],
    attributes: { ...attributes, ...own },
    quantized: 'float',
    infer: (view) => inferRecurrent(view, name),
    normalize: (view, editor) => normalizeRecurrent(view, editor, name),
  });
}

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly directions: number;
}

function sizesOf(view: NodeView): Sizes {
  const { shape } = view.required(X);
  const [first, second, inputs] = shape as [number, number, number];
  if (shape.length !== 3) view.bad(`X has shape [${shape}]`, { expected: '[steps, batch, inputs]' });
  const [steps, batch] = view.int('layout') === 1 ? [second, first] : [first, second];
  const directions = view.string('direction') === 'bidirectional' ? 2 : 1;
  return { steps, batch, inputs, hidden: view.int('hidden_size'), directions };
}

/** @throws NC0204 for what is not supported, and for shapes that do not fit one another */
function inferRecurrent(view: NodeView, cell: Cell): Inferred[] {
  const { steps, batch, inputs, hidden, directions } = sizesOf(view);
  const { gates } = CELLS[cell];
  const isBatchFirst = view.int('layout') === 1;
  const state = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  requireFloats(view, view.required(X), view.required(X).shape);
  requireFloats(view, view.required(W), [directions, gates * hidden, inputs]);
  requireFloats(view, view.required(R), [directions, gates * hidden, hidden]);
  requireFloats(view, view.input(B), [directions, 2 * gates * hidden]);
  requireFloats(view, view.input(H0), state);
  if (cell === 'LSTM') {
    requireFloats(view, view.input(C0), state);
    if (view.input(PEEPHOLES) !== undefined) view.bad('has peepholes (input P)', { expected: 'none' });
    if (view.int('input_forget') !== 0) view.bad('couples input and forget gate', { expected: 'input_forget 0' });
  }
  if (view.has('clip')) view.bad('clips what its activation functions get', { expected: 'no attribute clip' });
  const lengths = view.input(LENGTHS)?.constant;
  if (lengths !== undefined && !Array.from(lengths.data as Int32Array).every((length) => length === steps))
    view.bad(`has sequences of ${lengths.data.join(', ')} steps`, { expected: `all ${steps} of them` });
  functionsOf(view, cell);
  const y = isBatchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  const [Y, last]: Inferred[] = [
    { dtype: 'float32', shape: y },
    { dtype: 'float32', shape: state },
  ];
  return cell === 'LSTM' ? [Y!, last!, last!] : [Y!, last!];
}

function requireFloats(view: NodeView, value: Value | undefined, shape: readonly number[]): void {
  if (value === undefined) return;
  if (value.dtype !== 'float32' || value.shape.join() !== shape.join())
    view.bad(`"${value.name}" is ${value.dtype}[${value.shape}]`, { expected: `float32[${shape}]` });
}

/** The activation functions of one direction; both have the same. */
function functionsOf(view: NodeView, cell: Cell): readonly string[] {
  const usual: readonly string[] = CELLS[cell].functions;
  const given = view.node.attributes.activations as readonly string[] | undefined;
  if (given === undefined || given.length === 0) return usual;
  const names = given.map((name) => name.toLowerCase());
  const own = names.slice(0, usual.length);
  const isRelu = cell === 'RNN' && own[0] === 'relu';
  const isUsual = isRelu || own.join() === usual.join().toLowerCase();
  if (!isUsual || names.some((name, i) => name !== own[i % own.length]))
    view.bad(`has the activation functions ${given.join(', ')}`, {
      expected: cell === 'RNN' ? 'Tanh or Relu' : usual.join(', '),
    });
  return own;
}

function normalizeRecurrent(view: NodeView, editor: GraphEditor, cell: Cell): void {
  const { node } = view;
  const results = node.outputs.flatMap((name, index) => (name === '' ? [] : [index]));
  const state = (index: number) => {
    const value = view.input(index);
    const isZero = value?.constant !== undefined && Array.from(value.constant.data, Number).every((x) => x === 0);
    return value === undefined || isZero ? '' : value.name;
  };
  editor.replaceNode(node, {
    ...node,
    op: 'Recurrent',
    domain: 'ai.nanoc',
    inputs: [
      ...[X, W, R].map((index) => node.inputs[index]!),
      view.input(B)?.name ?? '',
      ...(cell === 'LSTM' ? [state(H0), state(C0)] : [state(H0)]),
    ],
    outputs: results.map((index) => node.outputs[index]!),
    attributes: {
      ...{ cell, results, hidden_size: view.int('hidden_size'), layout: view.int('layout') },
      direction: view.string('direction'),
      linear_before_reset: cell === 'GRU' ? view.int('linear_before_reset') : 0,
      relu: functionsOf(view, cell)[0] === 'relu' ? 1 : 0,
    },
  });
}
