import type { GraphEditor } from '../ir/builders.js';
import { elementCount } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { NodeWriter } from './shared/node-writer.js';

const ACTIVATIONS = ['relu', 'gelu', 'silu', 'swiglu', 'identity'];

/**
 * com.microsoft.MoE-1, one token: y = sum over the k likeliest experts e of p(e) * (fc2(e) f(fc1(e) x + b1(e)) + b2(e)), p = softmax(router_probs).
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MoE
 * It becomes ArgMax, Gather of the chosen weights, and products, of which route-experts makes branches: what is not chosen is not read.
 * As ONNX Runtime's CPU kernel has it, gelu is the one with tanh, and swiglu takes gate and linear part in turn (swiglu_fusion 1).
 */
export default defineOp({
  name: 'MoE',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'float32, one token, constant weights; relu, gelu, silu, interleaved swiglu, identity; no fc3, no sparse mixer',
  inputs: [
    { name: 'input' },
    { name: 'router_probs' },
    { name: 'fc1_experts_weights', mustBeConstant: true },
    { name: 'fc1_experts_bias', optional: true, mustBeConstant: true },
    { name: 'fc2_experts_weights', mustBeConstant: true },
    { name: 'fc2_experts_bias', optional: true, mustBeConstant: true },
    { name: 'fc3_experts_weights', optional: true },
    { name: 'fc3_experts_bias', optional: true },
  ],
  outputs: ['output'],
  attributes: {
    activation_type: {
      type: 'string',
      default: 'relu',
      check: (value) => (ACTIVATIONS.includes(String(value)) ? undefined : `is unknown: "${value}"`),
    },
    k: { type: 'int', default: 1 },
    normalize_routing_weights: { type: 'int', default: 0 },
    use_sparse_mixer: { type: 'int', default: 0 },
    swiglu_fusion: { type: 'int', default: 0 },
    activation_alpha: { type: 'float', default: 1 },
    activation_beta: { type: 'float', default: 0 },
    swiglu_limit: { type: 'float', default: Number.POSITIVE_INFINITY },
  },
  quantized: 'float',
  infer(view) {
    const { experts, hidden, inner, width } = sizesOf(view);
    const [input, router] = [view.required(0), view.required(1)];
    const shapeOf = (index: number) => view.input(index)?.shape.join();
    const wrong = (index: number, ...shape: number[]) =>
      view.input(index) !== undefined && shapeOf(index) !== shape.join();
    for (const { name, dtype } of view.node.inputs.flatMap((_, index) => view.input(index) ?? []))
      if (dtype !== 'float32') view.bad(`"${name}" is ${dtype}`, { expected: 'float32' });
    if (elementCount(input.shape) !== hidden || elementCount(router.shape) !== experts)
      view.bad(`the input is [${input.shape}], router_probs [${router.shape}]`, {
        expected: `one token: ${hidden} and ${experts} elements`,
        because: 'each token may go to other experts',
        help: 'export the model one token at a step',
      });
    if (wrong(3, experts, inner) || wrong(4, experts, hidden, width) || wrong(5, experts, hidden))
      view.bad(`the weights have shapes [${[3, 4, 5].map(shapeOf).join('], [')}]`, {
        expected: `[${[experts, inner]}], [${[experts, hidden, width]}], [${[experts, hidden]}]`,
      });
    if (view.input(6) !== undefined || view.input(7) !== undefined)
      view.bad('has fc3_experts_weights', {
        because: 'a third product is not done; ONNX Runtime has none on CPUs either',
      });
    if (view.int('use_sparse_mixer') !== 0) view.bad('asks for the sparse mixer', { expected: 'use_sparse_mixer 0' });
    const k = view.int('k');
    if (k < 1 || k > experts) view.bad(`k is ${k}`, { expected: `1 to ${experts}` });
    if (view.string('activation_type') === 'swiglu' && view.int('swiglu_fusion') !== 1)
      view.bad(`swiglu_fusion is ${view.int('swiglu_fusion')}`, {
        expected: '1: gate and linear part in turn, as in ONNX Runtime on CPUs',
      });
    return [{ dtype: 'float32', shape: input.shape }];
  },
  normalize: (view, editor) => new Expansion(view, editor).run(),
});

/** `inner` are the rows of fc1, `width` the inputs of fc2: half as many with swiglu. */
function sizesOf(view: NodeView) {
  const [experts = 0, inner = 0, hidden = 0] = view.required(2).shape;
  return { experts, inner, hidden, width: view.string('activation_type') === 'swiglu' ? inner / 2 : inner };
}

interface Route {
  readonly index: string;
  /** [1] */
  readonly share: string;
}

/** The nodes that stand for one MoE. */
class Expansion {
  private readonly sizes;
  private readonly writer: NodeWriter;

  constructor(
    private readonly view: NodeView,
    private readonly editor: GraphEditor,
  ) {
    this.sizes = sizesOf(view);
    this.writer = new NodeWriter(editor, view.node);
  }

  run(): void {
    const { node } = this.view;
    const { hidden } = this.sizes;
    const x = this.writer.write('Reshape', [node.inputs[0]!], [1, hidden]);
    const terms = this.routes().map(({ index, share }) =>
      this.writer.write('Mul', [this.expert(x, index), share], [1, hidden]),
    );
    const sum = terms.reduce((a, b) => this.writer.write('Add', [a, b], [1, hidden]));
    this.editor.replaceNode(node, { ...node, op: 'Reshape', domain: '', inputs: [sum], attributes: {} });
  }

  /** The k likeliest experts, the first of equals first. */
  private routes(): Route[] {
    const { experts } = this.sizes;
    const { view } = this;
    const list = this.writer.write('Reshape', [view.node.inputs[1]!], [experts]);
    let left = this.writer.write('Softmax', [list], [experts], { axis: 0 });
    const found: Route[] = [];
    for (let count = view.int('k'); count > 0; count -= 1) {
      const index = this.writer.write('ArgMax', [left], [], { axis: 0, keepdims: 0 }, 'int64');
      found.push({ index, share: this.writer.write('ReduceMax', [left], [1], { axes: [0], keepdims: 1 }) });
      if (count === 1) break;
      const data = BigInt64Array.from({ length: experts }, (_, e) => BigInt(e));
      const numbers = this.writer.constant('numbers', { dtype: 'int64', shape: [experts], data });
      const taken = this.writer.write('Equal', [numbers, index], [experts], {}, 'bool');
      left = this.writer.write('Where', [taken, this.writer.number('taken', -1), left], [experts]);
    }
    if (view.int('normalize_routing_weights') === 0) return found;
    const sum = found.map(({ share }) => share).reduce((a, b) => this.writer.write('Add', [a, b], [1]));
    return found.map(({ index, share }) => ({ index, share: this.writer.write('Div', [share, sum], [1]) }));
  }

  private expert(x: string, index: string): string {
    const { inner, hidden } = this.sizes;
    const rows = (start: number, step: number) =>
      this.product(
        x,
        index,
        [2, 3],
        Array.from({ length: inner / step }, (_, i) => start + i * step),
      );
    const isGated = this.view.string('activation_type') === 'swiglu';
    const middle = isGated ? this.gated(rows(0, 2), rows(1, 2)) : this.activation(rows(0, 1));
    return this.product(
      middle,
      index,
      [4, 5],
      Array.from({ length: hidden }, (_, i) => i),
    );
  }

  /** x times some rows of the chosen expert's weights, and their bias. @param operands inputs of weights and bias */
  private product(
    x: string,
    index: string,
    [weights, bias]: readonly [number, number],
    rows: readonly number[],
  ): string {
    const chosen = this.writer.write(
      'Gather',
      [this.turned(weights, rows), index],
      [this.columns(weights), rows.length],
      {
        axis: 0,
      },
    );
    const sum = this.writer.write('MatMul', [x, chosen], [1, rows.length]);
    if (this.view.input(bias) === undefined) return sum;
    const own = this.writer.write('Gather', [this.turned(bias, rows), index], [rows.length], { axis: 0 });
    return this.writer.write('Add', [sum, own], [1, rows.length]);
  }

  private columns(weights: number): number {
    return this.view.required(weights).shape[2]!;
  }

  /** Some rows of all experts' constants: [experts, rows, columns] as [experts, columns, rows], [experts, rows] as they are. */
  private turned(input: number, rows: readonly number[]): string {
    const { name, shape, constant } = this.view.required(input);
    const [experts, all, columns = 1] = shape as [number, number, number?];
    const from = constant!.data as Float32Array;
    const data = new Float32Array(experts * rows.length * columns);
    let at = 0;
    for (let expert = 0; expert < experts; expert += 1)
      for (let column = 0; column < columns; column += 1)
        for (const row of rows) data[at++] = from[(expert * all + row) * columns + column]!;
    const turned = shape.length === 3 ? [experts, columns, rows.length] : [experts, rows.length];
    return this.writer.constant(name, { dtype: 'float32', shape: turned, data });
  }

  private activation(x: string): string {
    const shape = this.writer.shapeOf(x);
    switch (this.view.string('activation_type')) {
      case 'relu':
        return this.writer.write('Relu', [x], shape);
      case 'gelu':
        return this.writer.write('Gelu', [x], shape, { approximate: 'tanh' });
      case 'silu':
        return this.writer.write('Mul', [x, this.writer.write('Sigmoid', [x], shape)], shape);
      default:
        return x;
    }
  }

  /** gate * sigmoid(alpha gate) * (linear + beta), both limited before. */
  private gated(gate: string, linear: string): string {
    const shape = this.writer.shapeOf(gate);
    const number = (name: string, value: number) => this.writer.number(name, value);
    const limit = this.view.float('swiglu_limit');
    const [g, l] = Number.isFinite(limit)
      ? [
          this.writer.write('Min', [gate, number('limit', limit)], shape),
          this.writer.write('Clip', [linear, number('lowest', -limit), number('highest', limit)], shape),
        ]
      : [gate, linear];
    const [alpha, beta] = [this.view.float('activation_alpha'), this.view.float('activation_beta')];
    const steep = alpha === 1 ? g : this.writer.write('Mul', [g, number('alpha', alpha)], shape);
    const open = this.writer.write('Mul', [g, this.writer.write('Sigmoid', [steep], shape)], shape);
    return this.writer.write(
      'Mul',
      [open, beta === 0 ? l : this.writer.write('Add', [l, number('beta', beta)], shape)],
      shape,
    );
  }
}
