import type { GraphEditor } from '../ir/builders.js';
import type { Value } from '../ir/graph.js';
import type { Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { type AttentionSizes, leavesEmptyRows, paddedMask, sizesOf } from './shared/attention.js';
import { NodeWriter } from './shared/node-writer.js';

const [Q, K, V, MASK, PAST_KEY, PAST_VALUE, VALID] = [0, 1, 2, 3, 4, 5, 6];

/**
 * Attention of ai.onnx. https://onnx.ai/onnx/operators/onnx__Attention.html
 *
 *     Y = Softmax(cap(Q * K' * scale) + mask) * V        for each head; heads of Q may share those of K and V
 *
 * It becomes MatMul, Where, Softmax and MatMul; rows without an allowed key are zeros. One token over a cache that holds `nonpad_kv_seqlen`
 * rows (TensorScatter writes it) becomes CachedAttention, which reads no more than these. Where past is given, present is Concat(past, K).
 */
export default defineOp({
  name: 'Attention',
  domain: '',
  opsets: [23, 24],
  summary:
    'float32, [batch, heads, length, size] or [batch, length, hidden], shared heads, causal, bool or float mask, softcap, past, nonpad_kv_seqlen; no qk_matmul_output',
  inputs: [
    { name: 'Q' },
    { name: 'K' },
    { name: 'V' },
    { name: 'attn_mask', optional: true },
    { name: 'past_key', optional: true },
    { name: 'past_value', optional: true },
    { name: 'nonpad_kv_seqlen', optional: true },
  ],
  outputs: ['Y', 'present_key', 'present_value', 'qk_matmul_output'],
  attributes: {
    is_causal: { type: 'int', default: 0 },
    q_num_heads: { type: 'int', default: 0 },
    kv_num_heads: { type: 'int', default: 0 },
    scale: { type: 'float', default: 0 },
    softcap: {
      type: 'float',
      default: 0,
      check: (value) => (Number(value) >= 0 ? undefined : `is ${value}: it is 0 for none, or positive`),
    },
    softmax_precision: {
      type: 'int',
      default: 1,
      check: (value) => (Number(value) === 1 ? undefined : `is ${value}: only 1 (float32) is supported`),
    },
    qk_matmul_output_mode: { type: 'int', default: 0 },
  },
  quantized: 'float',
  infer(view) {
    const { batch, heads, shared, length, past, fresh, size, valueSize, is3d } = sizesOf(view);
    if (view.node.outputs[3])
      view.bad('qk_matmul_output is read', {
        because: 'scores are given nowhere: it is an output for debugging',
        help: 'remove the output from the model',
      });
    const total = past + fresh;
    const y = is3d ? [batch, length, heads * valueSize] : [batch, heads, length, valueSize];
    return [y, [batch, shared, total, size], [batch, shared, total, valueSize]].map((shape) => ({
      dtype: 'float32' as const,
      shape,
    }));
  },
  normalize: (view, editor) => new Expansion(view, editor).run(),
});

/** The nodes that stand for one Attention. */
class Expansion {
  private readonly sizes: AttentionSizes;
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
    const isStep = this.isStep();
    const [y, present] = isStep ? [this.step(), []] : this.whole();
    const outputs = [y, ...present].map((from, index) => ({ from, to: node.outputs[index] ?? '' }));
    this.editor.replaceNode(
      node,
      ...outputs
        .filter(({ to }) => to !== '')
        .map(({ from, to }, index) => ({
          ...node,
          name: index === 0 ? node.name : this.editor.freshName(`${node.name}_${index}`),
          ...{ op: 'Reshape', domain: '', inputs: [from], outputs: [to], attributes: {} },
        })),
    );
  }

  /** One token over the rows of a cache that hold tokens: what CachedAttention does. */
  private isStep(): boolean {
    const { view } = this;
    const { batch, length, size, valueSize } = this.sizes;
    const plain = view.input(MASK) === undefined && view.float('softcap') === 0 && size === valueSize;
    const cached = view.input(VALID) !== undefined && !view.node.outputs[1] && !view.node.outputs[2];
    return plain && cached && batch === 1 && length === 1;
  }

  private step(): string {
    const { writer, view } = this;
    const { heads, shared, size } = this.sizes;
    const shape = [shared, heads / shared, size];
    const valid = view.required(VALID);
    const [query, keys, values] = [Q, K, V].map((index) => view.required(index).name) as [string, string, string];
    // Integers are not added on a chip; a float counts to 2^24.
    const count = writer.write('Cast', [valid.name], [1], { to: 1 });
    const last = writer.write('Sub', [count, writer.number('one', 1)], [1]);
    const position = writer.write('Cast', [last], [1], { to: 7 }, 'int64');
    const attended = writer.write(
      'CachedAttention',
      [writer.write('Reshape', [query], shape), keys, values, position],
      shape,
      { multiplier: this.scale(), divisor: 1 },
      'float32',
      'ai.nanoc',
    );
    const none = writer.constant('none', { dtype: valid.dtype, shape: [1], data: integers(valid, 0) });
    const some = writer.write('Greater', [valid.name, none], [1], {}, 'bool');
    return writer.write('Where', [some, attended, writer.number('zero', 0)], shape);
  }

  /** Y, and keys and values with those of the past. */
  private whole(): readonly [string, readonly string[]] {
    const { writer } = this;
    const { batch, heads, shared, length, past, fresh, size, valueSize, is3d } = this.sizes;
    const total = past + fresh;
    const keys = this.joined(this.byHeads(K, shared, fresh, size), PAST_KEY, size);
    const values = this.joined(this.byHeads(V, shared, fresh, valueSize), PAST_VALUE, valueSize);
    const scaled = writer.write(
      'Mul',
      [this.byHeads(Q, heads, length, size), writer.number('scale', this.scale())],
      [batch, heads, length, size],
    );
    // The queries of all heads that share keys are rows of one product.
    const rows = (heads / shared) * length;
    const queries = writer.write('Reshape', [scaled], [batch, shared, rows, size]);
    const turned = writer.write('Transpose', [keys], [batch, shared, size, total], { perm: [0, 1, 3, 2] });
    const products = writer.write('MatMul', [queries, turned], [batch, shared, rows, total]);
    const scores = writer.write('Reshape', [products], [batch, heads, length, total]);
    const weights = writer.write('Reshape', [this.weights(this.capped(scores))], [batch, shared, rows, total]);
    const sums = writer.write('MatMul', [weights, values], [batch, shared, rows, valueSize]);
    const y = writer.write('Reshape', [sums], [batch, heads, length, valueSize]);
    if (!is3d) return [y, [keys, values]];
    return [writer.write('Transpose', [y], [batch, length, heads, valueSize], { perm: [0, 2, 1, 3] }), [keys, values]];
  }

  private scale(): number {
    const given = this.view.has('scale') ? this.view.float('scale') : 1 / Math.sqrt(this.sizes.size);
    return Math.fround(given);
  }

  /** An input as [batch, heads, length, size]. */
  private byHeads(input: number, heads: number, length: number, size: number): string {
    const { batch, is3d } = this.sizes;
    const { name } = this.view.required(input);
    if (!is3d) return name;
    const apart = this.writer.write('Reshape', [name], [batch, length, heads, size]);
    return this.writer.write('Transpose', [apart], [batch, heads, length, size], { perm: [0, 2, 1, 3] });
  }

  private joined(fresh: string, past: number, size: number): string {
    const before = this.view.input(past);
    if (before === undefined) return fresh;
    const { batch, shared, past: rows, fresh: own } = this.sizes;
    return this.writer.write('Concat', [before.name, fresh], [batch, shared, rows + own, size], { axis: 2 });
  }

  private capped(scores: string): string {
    const cap = this.view.float('softcap');
    if (cap === 0) return scores;
    const shape = this.writer.shapeOf(scores);
    const limit = this.writer.number('softcap', cap);
    const bent = this.writer.write('Tanh', [this.writer.write('Div', [scores, limit], shape)], shape);
    return this.writer.write('Mul', [bent, limit], shape);
  }

  /** Softmax of what the masks allow. */
  private weights(scores: string): string {
    const { writer, view } = this;
    const shape = writer.shapeOf(scores);
    const mask = view.input(MASK);
    const added = mask?.dtype === 'float32' ? writer.write('Add', [scores, this.mask(mask)], shape) : scores;
    const allowed = [...(mask?.dtype === 'bool' ? [this.mask(mask)] : []), ...this.positions()];
    const isMasked = allowed.reduce(
      (sum, each) => writer.write('Where', [each, sum, writer.number('masked', Number.NEGATIVE_INFINITY)], shape),
      added,
    );
    if (!leavesEmptyRows(view)) return writer.write('Softmax', [isMasked], shape, { axis: 3 });
    const lowest = writer.number('lowest', -3.4028234663852886e38);
    const nothing = writer.write(
      'Equal',
      [isMasked, writer.number('nothing', Number.NEGATIVE_INFINITY)],
      shape,
      {},
      'bool',
    );
    const finite = writer.write('Where', [nothing, lowest, isMasked], shape);
    const weights = writer.write('Softmax', [finite], shape, { axis: 3 });
    return writer.write('Where', [nothing, writer.number('zero', 0), weights], shape);
  }

  private mask(mask: Value): string {
    const { past, fresh } = this.sizes;
    if (mask.constant === undefined || mask.shape.at(-1) === past + fresh) return mask.name;
    return this.writer.constant('mask', paddedMask(mask.constant, past + fresh));
  }

  /** Bools that say which keys a query may see by their positions: those that are there, and with is_causal none behind it. */
  private positions(): string[] {
    const { writer, view } = this;
    const { batch, length, past, fresh } = this.sizes;
    const total = past + fresh;
    const causal = view.int('is_causal') === 1;
    const valid = view.input(VALID);
    if (valid === undefined) {
      if (!causal || past >= total - 1) return [];
      const data = Uint8Array.from({ length: length * total }, (_, at) =>
        at % total <= Math.floor(at / total) + past ? 1 : 0,
      );
      return [writer.constant('causal', { dtype: 'bool', shape: [length, total], data })];
    }
    // j <= i + valid - length, which is less than valid; without is_causal i is that of the last query.
    const queries = causal ? length : 1;
    const needs = Array.from({ length: queries * total }, (_, at) => (at % total) + queries - Math.floor(at / total));
    const shape = [1, 1, queries, total];
    const needed = writer.constant('needed', { dtype: valid.dtype, shape, data: integers(valid, ...needs) });
    const counts = writer.write('Reshape', [valid.name], [batch, 1, 1, 1], {}, valid.dtype);
    return [writer.write('LessOrEqual', [needed, counts], [batch, 1, queries, total], {}, 'bool')];
  }
}

function integers({ dtype }: Value, ...values: readonly number[]): Tensor['data'] {
  return dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
}
