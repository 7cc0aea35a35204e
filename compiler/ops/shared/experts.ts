/** What MoE and QMoE have in common: attributes, the choice of experts, and what happens between their products. */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeSpec, NodeView } from '../define.js';
import { NodeWriter } from './node-writer.js';

const ACTIVATIONS = ['relu', 'gelu', 'silu', 'swiglu', 'identity'];

export const expertAttributes = {
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
} satisfies Readonly<Record<string, AttributeSpec>>;

/** `inner` are the rows of fc1, `width` the inputs of fc2: half as many with swiglu. */
export interface ExpertSizes {
  readonly experts: number;
  readonly inner: number;
  readonly hidden: number;
  readonly width: number;
}

/** @throws NC0204 for attributes that are not done */
export function checkExperts(view: NodeView, { experts }: ExpertSizes): void {
  if (view.int('use_sparse_mixer') !== 0) view.bad('asks for the sparse mixer', { expected: 'use_sparse_mixer 0' });
  const k = view.int('k');
  if (k < 1 || k > experts) view.bad(`k is ${k}`, { expected: `1 to ${experts}` });
  if (view.string('activation_type') === 'swiglu' && view.int('swiglu_fusion') !== 1)
    view.bad(`swiglu_fusion is ${view.int('swiglu_fusion')}`, {
      expected: '1: gate and linear part in turn, as in ONNX Runtime on CPUs',
    });
}

/** An expert that is chosen. */
export interface Choice {
  /** The value with its number. */
  readonly index: string;
  /** [1] */
  readonly score: string;
}

/** The nodes that stand for one mixture of experts. */
export abstract class Experts {
  protected readonly writer: NodeWriter;

  constructor(
    protected readonly view: NodeView,
    protected readonly editor: GraphEditor,
    protected readonly sizes: ExpertSizes,
  ) {
    this.writer = new NodeWriter(editor, view.node);
  }

  run(): void {
    const { node } = this.view;
    const { hidden } = this.sizes;
    const x = this.writer.write('Reshape', [node.inputs[0]!], [1, hidden]);
    const terms = this.routes().map(({ index, score }) =>
      this.writer.write('Mul', [this.expert(x, index), score], [1, hidden]),
    );
    const sum = terms.reduce((a, b) => this.writer.write('Add', [a, b], [1, hidden]));
    this.editor.replaceNode(node, { ...node, op: 'Reshape', domain: '', inputs: [sum], attributes: {} });
  }

  /** The k experts, each with its share of the sum. */
  protected abstract routes(): Choice[];

  /** x times some rows of the chosen expert's weights, and their bias. */
  protected abstract product(x: string, index: string, layer: 'fc1' | 'fc2', rows: readonly number[]): string;

  protected router(): string {
    return this.writer.write('Reshape', [this.view.node.inputs[1]!], [this.sizes.experts]);
  }

  /** The k largest of a list; of equal ones the first, or the last, is taken first. @param taken less than all that counts */
  protected largest(scores: string, taken: number, last: 0 | 1): Choice[] {
    const { experts } = this.sizes;
    let left = scores;
    const found: Choice[] = [];
    for (let count = this.view.int('k'); count > 0; count -= 1) {
      const choice = { axis: 0, keepdims: 0, select_last_index: last };
      const index = this.writer.write('ArgMax', [left], [], choice, 'int64');
      found.push({ index, score: this.writer.write('ReduceMax', [left], [1], { axes: [0], keepdims: 1 }) });
      if (count === 1) break;
      const data = BigInt64Array.from({ length: experts }, (_, e) => BigInt(e));
      const numbers = this.writer.constant('numbers', { dtype: 'int64', shape: [experts], data });
      const isTaken = this.writer.write('Equal', [numbers, index], [experts], {}, 'bool');
      left = this.writer.write('Where', [isTaken, this.writer.number('taken', taken), left], [experts]);
    }
    return found;
  }

  private expert(x: string, index: string): string {
    const { inner, hidden } = this.sizes;
    const rows = (count: number, start = 0, step = 1) => Array.from({ length: count }, (_, i) => start + i * step);
    const first = (list: readonly number[]) => this.product(x, index, 'fc1', list);
    const isGated = this.view.string('activation_type') === 'swiglu';
    const middle = isGated
      ? this.gated(first(rows(inner / 2, 0, 2)), first(rows(inner / 2, 1, 2)))
      : this.activation(first(rows(inner)));
    return this.product(middle, index, 'fc2', rows(hidden));
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
