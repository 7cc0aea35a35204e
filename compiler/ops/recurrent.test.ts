/** LSTM, GRU and RNN against ONNX Runtime and in C. */
import { describe, expect, it } from 'vitest';
import { randomFloats, tensorOf } from '../../test/support/elementwise-case.js';
import type { BuilderAttribute } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import type { Tensor } from '../ir/tensor.js';

const random = new Random(71);
const GATES = { LSTM: 4, GRU: 3, RNN: 1 };

interface Spec {
  readonly op: keyof typeof GATES;
  readonly steps?: number;
  readonly batch?: number;
  readonly inputs?: number;
  readonly hidden?: number;
  readonly directions?: number;
  readonly layout?: number;
  /** Names of the results that are asked for; '' is none. */
  readonly outputs?: readonly string[];
  readonly hasBias?: boolean;
  /** Which initial states are inputs of the graph. */
  readonly states?: readonly string[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
}

function make(spec: Spec): OperatorCase {
  const { op, steps = 4, batch = 1, inputs = 5, hidden = 6, directions = 1, layout = 0, states = [] } = spec;
  const { outputs = ['y'], hasBias = true, attributes = {} } = spec;
  const rows = GATES[op] * hidden;
  const shapes: Record<string, number[]> = {
    y: layout === 1 ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden],
    h: layout === 1 ? [batch, directions, hidden] : [directions, batch, hidden],
  };
  const x = randomFloats(random, layout === 1 ? [batch, steps, inputs] : [steps, batch, inputs], 3);
  const initializers: Record<string, Tensor> = {
    w: randomFloats(random, [directions, rows, inputs], 0.7),
    r: randomFloats(random, [directions, rows, hidden], 0.7),
    ...(hasBias ? { b: randomFloats(random, [directions, 2 * rows], 0.5) } : {}),
    ...spec.constants,
  };
  const given: Record<string, Tensor> = { x };
  for (const state of states) given[state] = randomFloats(random, shapes.h!, 1);
  const all = { ...given, ...initializers };
  const order = ['x', 'w', 'r', 'b', 'lengths', 'h0', ...(op === 'LSTM' ? ['c0'] : [])];
  return {
    name: JSON.stringify({ ...spec, constants: Object.keys(spec.constants ?? {}) }),
    model: {
      opset: 17,
      inputs: Object.entries(given).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      outputs: outputs
        .filter((name) => name !== '')
        .map((name) => ({ name, dtype: 'float32' as const, shape: shapes[name === 'y' ? 'y' : 'h']! })),
      initializers: Object.entries(initializers).map(([name, tensor]) => ({ name, tensor })),
      nodes: [
        {
          op,
          inputs: order.map((name) => (name in all ? name : '')),
          outputs,
          attributes: {
            hidden_size: hidden,
            direction: directions === 2 ? 'bidirectional' : 'forward',
            ...(layout === 1 ? { layout } : {}),
            ...attributes,
          },
        },
      ],
    },
    inputs: given,
  };
}

const everything = ['y', 'h', 'c'];
const specs: Spec[] = [
  { op: 'LSTM' },
  { op: 'LSTM', outputs: everything, states: ['h0', 'c0'], batch: 2 },
  { op: 'LSTM', outputs: ['', 'h', 'c'], states: ['h0', 'c0'], steps: 1, hidden: 7 },
  { op: 'LSTM', outputs: ['', '', 'c'], hasBias: false, states: ['c0'] },
  { op: 'LSTM', outputs: everything, directions: 2, batch: 3, hidden: 3, states: ['h0', 'c0'] },
  { op: 'LSTM', outputs: ['y', 'h'], attributes: { direction: 'reverse' }, inputs: 1, hidden: 1 },
  { op: 'LSTM', constants: { lengths: tensorOf('int32', [2], [4, 4]) }, batch: 2 },
  { op: 'LSTM', constants: { h0: tensorOf('float32', [1, 1, 6], new Array(6).fill(0)) }, outputs: ['y', 'h', 'c'] },
  { op: 'GRU' },
  { op: 'GRU', attributes: { linear_before_reset: 1 }, outputs: ['y', 'h'], states: ['h0'] },
  { op: 'GRU', attributes: { linear_before_reset: 1 }, hidden: 5, hasBias: false, directions: 2, batch: 2 },
  { op: 'GRU', hidden: 5, directions: 2, batch: 2, outputs: ['y', 'h'], states: ['h0'] },
  { op: 'GRU', hidden: 1, steps: 1, outputs: ['', 'h'], states: ['h0'], attributes: { direction: 'reverse' } },
  { op: 'RNN', outputs: ['y', 'h'] },
  { op: 'RNN', hidden: 5, directions: 2, batch: 2, states: ['h0'], outputs: ['y', 'h'] },
];
/** ONNX Runtime does not have this layout. */
const batchFirst: Spec[] = (['LSTM', 'GRU', 'RNN'] as const).map((op) => ({
  ...{ op, layout: 1, batch: 2, directions: 2, outputs: ['y', 'h'], states: ['h0'] },
}));

/** Of the largest element: sums in another order, and exp and tanh by other polynomials. */
const BOUND = 1e-6;

function distance(own: Float32Array, other: Float32Array): number {
  return Math.max(...own.map((y, i) => Math.abs(y - other[i]!))) / Math.max(...other.map(Math.abs));
}

/** With its first two axes changed. */
function swapped({ dtype, shape: [a, b, ...rest], data }: Tensor): Tensor {
  const count = rest.reduce((product, size) => product * size, 1);
  const floats = data as Float32Array;
  const rows = Array.from({ length: a! * b! }, (_, i) => {
    const from = (i % a!) * b! + Math.floor(i / a!);
    return [...floats.subarray(from * count, (from + 1) * count)];
  });
  return { dtype, shape: [b!, a!, ...rest], data: Float32Array.from(rows.flat()) };
}

describe('recurrent layers', () => {
  const cases = specs.map((spec) => compileCase(make(spec)));
  const relu = compileCase(
    make({ op: 'RNN', attributes: { activations: { strings: ['Relu'] } }, outputs: ['y', 'h'] }),
  );

  it('are within the bound of ONNX Runtime', async () => {
    for (const item of [...cases, relu]) {
      const onnx = await runOnnx(item);
      for (const { name } of item.model.outputs) {
        const [own, other] = [item.expected.get(name)!.data, onnx.get(name)!.data] as [Float32Array, Float32Array];
        expect(distance(own, other), `${item.name} ${name}`).toBeLessThan(BOUND);
      }
    }
  });

  it('with batches first are the same but for the order of axes', () => {
    for (const spec of batchFirst) {
      const item = make(spec);
      const first = compileCase(item).expected;
      const given = Object.fromEntries(Object.entries(item.inputs).map(([name, tensor]) => [name, swapped(tensor)]));
      const described = {
        ...item.model,
        inputs: item.model.inputs.map((input) => ({ ...input, shape: given[input.name]!.shape })),
      };
      const [node] = item.model.nodes;
      const { layout: _, ...attributes } = node!.attributes!;
      const second = compileCase({
        ...item,
        inputs: given,
        model: { ...described, nodes: [{ ...node!, attributes }] },
      }).expected;
      expect(swapped(first.get('h')!).data, item.name).toEqual(second.get('h')!.data);
      // [batch, steps, directions, hidden] and [steps, directions, batch, hidden]
      const y = first.get('y')!;
      const [batch, steps, directions, hidden] = y.shape as [number, number, number, number];
      const turned = second.get('y')!.data as Float32Array;
      (y.data as Float32Array).forEach((value, i) => {
        const [b, t] = [Math.floor(i / (steps * directions * hidden)), Math.floor(i / (directions * hidden)) % steps];
        const [d, j] = [Math.floor(i / hidden) % directions, i % hidden];
        expect(value).toBe(turned[((t * directions + d) * batch + b) * hidden + j]);
      });
    }
  });

  it('refuses what it does not compute, by name', () => {
    const refused = (spec: Spec, message: RegExp) => expect(() => compileCase(make(spec))).toThrow(message);
    refused({ op: 'LSTM', constants: { lengths: tensorOf('int32', [1], [3]) } }, /sequences of 3 steps/);
    refused({ op: 'LSTM', attributes: { input_forget: 1 } }, /couples input and forget gate/);
    refused({ op: 'GRU', attributes: { clip: { float: 3 } } }, /clips/);
    refused(
      { op: 'GRU', attributes: { activations: { strings: ['Sigmoid', 'Relu'] } } },
      /activation functions Sigmoid, Relu/,
    );
    refused({ op: 'RNN', attributes: { hidden_size: 7 } }, /"w" is float32\[1,6,5\]/);
  });

  it('are the reference in C, with and without an FPU', async () => {
    const all = [...cases, relu, ...batchFirst.map((spec) => compileCase(make(spec)))];
    await runKernels(all);
    await runKernels(all, { flags: ['-DNANOC_FPU=0'] });
  });
});
