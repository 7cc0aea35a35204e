import type { Argument, KernelCall, ParamValue } from '../ir/kernel-call.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { sigmoidF32, tanhF32 } from '../numerics/float-math.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { constantOf } from './shared/convolution.js';
import { CELLS, type Cell } from './shared/recurrent.js';

const f = Math.fround;
const [X, W, R, B] = [0, 1, 2, 3];

/**
 * LSTM, GRU or RNN (`cell`) over all steps, in float32. A sum starts with the bias (that of W and that of R, added), then come
 * the products with the input, then those with the hidden state, in ascending order.
 *
 * Inputs: X, W, R, the bias or nothing, the initial hidden state or nothing, and of an LSTM the initial cell state. `results` says which of
 * ONNX's outputs Y, Y_h and Y_c there are.
 */
export default defineOp({
  name: 'Recurrent',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'what LSTM, GRU and RNN become',
  inputs: [
    { name: 'X' },
    { name: 'W', mustBeConstant: true },
    { name: 'R', mustBeConstant: true },
    { name: 'B', optional: true, mustBeConstant: true },
    { name: 'initial_h', optional: true },
    { name: 'initial_c', optional: true },
  ],
  outputs: ['Y', 'Y_h', 'Y_c'],
  attributes: {
    cell: { type: 'string', required: true },
    results: { type: 'ints', required: true },
    hidden_size: { type: 'int', required: true },
    direction: { type: 'string', default: 'forward' },
    layout: { type: 'int', default: 0 },
    linear_before_reset: { type: 'int', default: 0 },
    relu: { type: 'int', default: 0 },
  },
  quantized: 'float',
  infer: (view) => view.node.outputs.map((_, index) => view.output(index)),
  evaluate: (view, [x, , , , h0, c0]) => evaluateRecurrent(view, x!, h0, c0),
  kernels: (['LSTM', 'GRU', 'RNN'] as const).map((cell) => ({
    function: `nanoc_${cell.toLowerCase()}_f32`,
    family: 'portable',
    when: (context: LowerContext) => cellOf(context) === cell || `it is a ${cellOf(context)}`,
    build: (context: LowerContext) => ({ call: recurrentCall(context) }),
  })),
});

function cellOf(view: NodeView): Cell {
  return view.string('cell') as Cell;
}

/** Sizes, and elements from one step, sequence or direction to the next. */
function geometry(view: NodeView) {
  const [first, second, inputs] = view.required(X).shape as [number, number, number];
  const isBatchFirst = view.int('layout') === 1;
  const [steps, batch] = isBatchFirst ? [second, first] : [first, second];
  const [hidden, directions] = [view.int('hidden_size'), view.required(W).shape[0]!];
  const each = directions * hidden;
  return {
    ...{ steps, batch, inputs, hidden, directions },
    backwards: view.string('direction') === 'reverse',
    xStep: isBatchFirst ? inputs : batch * inputs,
    xBatch: isBatchFirst ? steps * inputs : inputs,
    yStep: isBatchFirst ? each : batch * each,
    yBatch: isBatchFirst ? steps * each : hidden,
    yDirection: isBatchFirst ? hidden : batch * hidden,
    stateBatch: isBatchFirst ? each : hidden,
    stateDirection: isBatchFirst ? hidden : batch * hidden,
  };
}

/** One direction's weights: rows of W and R as ONNX has them, and the bias of each row of either. */
interface Direction {
  readonly w: Float32Array;
  readonly r: Float32Array;
  readonly wBias: Float32Array;
  readonly rBias: Float32Array;
}

function directionsOf(view: NodeView): Direction[] {
  const { hidden, directions } = geometry(view);
  const rows = CELLS[cellOf(view)].gates * hidden;
  const part = (data: Float32Array, index: number, parts: number) => {
    const count = data.length / parts;
    return data.subarray(index * count, (index + 1) * count);
  };
  const [w, r] = [constantOf(view, W).data as Float32Array, constantOf(view, R).data as Float32Array];
  const bias = view.input(B) === undefined ? new Float32Array(2 * rows * directions) : constantOf(view, B).data;
  return Array.from({ length: directions }, (_, d) => ({
    w: part(w, d, directions),
    r: part(r, d, directions),
    wBias: part(bias as Float32Array, 2 * d, 2 * directions),
    rBias: part(bias as Float32Array, 2 * d + 1, 2 * directions),
  }));
}

interface State {
  h: Float32Array;
  c: Float32Array;
}

function evaluateRecurrent(view: NodeView, x: Tensor, h0: Tensor | undefined, c0: Tensor | undefined): Tensor[] {
  const g = geometry(view);
  const advance = STEPS[cellOf(view)];
  const [Y, H, C] = Array.from({ length: 3 }, () => new Float32Array(g.steps * g.batch * g.directions * g.hidden));
  const input = x.data as Float32Array;
  directionsOf(view).forEach((weights, direction) => {
    for (let batch = 0; batch < g.batch; batch += 1) {
      const at = direction * g.stateDirection + batch * g.stateBatch;
      const begin = (given: Tensor | undefined) =>
        given === undefined ? new Float32Array(g.hidden) : (given.data as Float32Array).slice(at, at + g.hidden);
      const state: State = { h: begin(h0), c: begin(c0) };
      for (let step = 0; step < g.steps; step += 1) {
        const time = direction === 1 || g.backwards ? g.steps - 1 - step : step;
        const start = time * g.xStep + batch * g.xBatch;
        advance(view, weights, input.subarray(start, start + g.inputs), state);
        Y!.set(state.h, time * g.yStep + direction * g.yDirection + batch * g.yBatch);
      }
      H!.set(state.h, at);
      C!.set(state.c, at);
    }
  });
  return view.ints('results').map((result, index) => {
    const { dtype, shape } = view.output(index);
    return { dtype, shape, data: [Y!, H!, C!][result]!.subarray(0, elementCount(shape)) };
  });
}

/** sums[i] + row[first + i] of the matrix * x */
function addProducts(sums: Float32Array, matrix: Float32Array, x: Float32Array, first = 0): Float32Array {
  return sums.map((sum, i) => {
    const row = matrix.subarray((first + i) * x.length, (first + i + 1) * x.length);
    return x.reduce((total, value, k) => f(total + f(row[k]! * value)), sum);
  });
}

const bothBiases = ({ wBias, rBias }: Direction) => wBias.map((bias, i) => f(bias + rBias[i]!));

type Step = (view: NodeView, weights: Direction, x: Float32Array, state: State) => void;

const STEPS: Readonly<Record<Cell, Step>> = { LSTM: stepLstm, GRU: stepGru, RNN: stepRnn };

function stepLstm(_: NodeView, weights: Direction, x: Float32Array, state: State): void {
  const { length } = state.h;
  const sums = addProducts(addProducts(bothBiases(weights), weights.w, x), weights.r, state.h);
  const gate = (index: number, j: number) => sums[index * length + j]!;
  state.c = state.c.map((c, j) => f(f(sigmoidF32(gate(2, j)) * c) + f(sigmoidF32(gate(0, j)) * tanhF32(gate(3, j)))));
  state.h = state.c.map((c, j) => f(sigmoidF32(gate(1, j)) * tanhF32(c)));
}

function stepGru(view: NodeView, weights: Direction, x: Float32Array, state: State): void {
  const { h } = state;
  const gates = 2 * h.length;
  const isAfter = view.int('linear_before_reset') === 1;
  const bias = bothBiases(weights);
  if (isAfter) bias.set(weights.wBias.subarray(gates), gates);
  const sums = addProducts(bias, weights.w, x);
  const opened = addProducts(sums.slice(0, gates), weights.r, h).map(sigmoidF32);
  const [update, reset] = [opened.subarray(0, h.length), opened.subarray(h.length)];
  const ofInput = sums.slice(gates);
  const candidate = isAfter
    ? addProducts(weights.rBias.slice(gates), weights.r, h, gates).map((sum, j) => f(ofInput[j]! + f(reset[j]! * sum)))
    : addProducts(
        ofInput,
        weights.r,
        h.map((value, j) => f(reset[j]! * value)),
        gates,
      );
  state.h = h.map((value, j) => f(f(f(1 - update[j]!) * tanhF32(candidate[j]!)) + f(update[j]! * value)));
}

function stepRnn(view: NodeView, weights: Direction, x: Float32Array, state: State): void {
  const sums = addProducts(addProducts(bothBiases(weights), weights.w, x), weights.r, state.h);
  state.h = sums.map((sum) => (view.int('relu') === 0 ? tanhF32(sum) : sum < 0 ? 0 : sum));
}

/** Rows in the order of the kernel; undefined fills a block of four up. */
type Order = readonly (number | undefined)[];

function filled(rows: readonly number[]): Order {
  return [...rows, ...new Array<undefined>((4 - (rows.length % 4)) % 4)];
}

/** nanoc/recurrent.h says which rows a cell has, in which order. */
function ordersOf(cell: Cell, hidden: number): { readonly rows: Order; readonly bias: Order } {
  const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
  if (cell === 'LSTM') {
    const rows = range(0, hidden).flatMap((j) => [j, hidden + j, 2 * hidden + j, 3 * hidden + j]);
    return { rows, bias: rows };
  }
  if (cell === 'RNN') return { rows: filled(range(0, hidden)), bias: filled(range(0, hidden)) };
  const candidate = filled(range(2 * hidden, hidden));
  const rows = [...filled(range(0, 2 * hidden)), ...candidate];
  return { rows, bias: [...rows, ...candidate] };
}

/** [blocks][columns][4] */
function inFours(matrix: Float32Array, rows: Order, columns: number): number[] {
  return Array.from({ length: rows.length / 4 }, (_, block) =>
    Array.from({ length: columns * 4 }, (_each, i) => {
      const row = rows[block * 4 + (i % 4)];
      return row === undefined ? 0 : matrix[row * columns + Math.floor(i / 4)]!;
    }),
  ).flat();
}

function packedBias(view: NodeView, weights: Direction, order: Order): number[] {
  const { hidden } = geometry(view);
  const isGru = cellOf(view) === 'GRU';
  const isAfter = view.int('linear_before_reset') === 1;
  const last = order.length - 4 * Math.ceil(hidden / 4);
  return order.map((row, i) => {
    if (row === undefined) return 0;
    if (isGru && i >= last) return isAfter ? weights.rBias[row]! : 0;
    const isSplit = isGru && isAfter && row >= 2 * hidden;
    return isSplit ? weights.wBias[row]! : f(weights.wBias[row]! + weights.rBias[row]!);
  });
}

/** Elements of scratch, as nanoc/recurrent.h says. */
function scratchOf(cell: Cell, hidden: number, bias: Order): number {
  return (cell === 'LSTM' ? 2 : 1) * hidden + bias.length;
}

function recurrentCall(context: LowerContext): KernelCall {
  const cell = cellOf(context);
  const g = geometry(context);
  const { rows, bias } = ordersOf(cell, g.hidden);
  const weights = directionsOf(context);
  const constant = (suffix: string, numbers: readonly number[], role: 'weights' | 'bias'): ParamValue => ({
    constant: { suffix, data: Float32Array.from(numbers), role, alignment: 4 },
  });
  const fields: Record<string, ParamValue> = {
    steps: { int: g.steps },
    batch: { int: g.batch },
    directions: { int: g.directions },
    inputs: { int: g.inputs },
    hidden: { int: g.hidden },
    backwards: { int: g.backwards ? 1 : 0 },
    relu: { int: context.int('relu') },
    reset_after: { int: context.int('linear_before_reset') },
    x_step: { int: g.xStep },
    x_batch: { int: g.xBatch },
    y_step: { int: g.yStep },
    y_batch: { int: g.yBatch },
    y_direction: { int: g.yDirection },
    state_batch: { int: g.stateBatch },
    state_direction: { int: g.stateDirection },
    w: constant(
      'w',
      weights.flatMap((each) => inFours(each.w, rows, g.inputs)),
      'weights',
    ),
    r: constant(
      'r',
      weights.flatMap((each) => inFours(each.r, rows, g.hidden)),
      'weights',
    ),
    bias: constant(
      'bias',
      weights.flatMap((each) => packedBias(context, each, bias)),
      'bias',
    ),
  };
  const states = cell === 'LSTM' ? [1, 2] : [1];
  const given = states.map((state) => context.input(B + state)?.name);
  const results = [0, ...states].map((result) => {
    const index = context.ints('results').indexOf(result);
    return index < 0 ? undefined : context.output(index).name;
  });
  const pointer = (value: string | undefined, access: 'read' | 'write'): Argument =>
    value === undefined ? { kind: 'null' } : { kind: 'value', value, access };
  const name = `nanoc_${cell.toLowerCase()}_f32`;
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/recurrent.h',
    sources: [name, 'nanoc_rows4_f32', 'nanoc_tanh', 'nanoc_exp'].map((source) => `portable/${source}.c`),
    arguments: [
      pointer(context.required(X).name, 'read'),
      ...given.map((value) => pointer(value, 'read')),
      ...results.map((value) => pointer(value, 'write')),
      { kind: 'scratch' },
      { kind: 'params', struct: 'nanoc_recurrent_params', fields },
    ],
    scratch: { bytes: 4 * scratchOf(cell, g.hidden, bias), alignment: 4 },
    // A state is read before it is written, row by row of both.
    overlaps: states.flatMap((state, i) => {
      const [input, output] = [given[i], results[state]];
      return input === undefined || output === undefined ? [] : [{ input, output, lead: 0 }];
    }),
    macs: g.steps * g.batch * g.directions * CELLS[cell].gates * g.hidden * (g.inputs + g.hidden),
    alignment: 4,
  };
}
