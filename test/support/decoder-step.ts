/** One step of a two-layer attention with caches, as torch.onnx writes it: float32, or quantized around its products. */
import type { Tensor } from '../../compiler/ir/tensor.js';
import { ModelSketch, tensor } from './model-sketch.js';

export const CONTEXT = 6;
const [HEADS, GROUP] = [2, 2];

export interface DecoderOptions {
  readonly quantized: boolean;
  /** Scores are divided by this, or multiplied. */
  readonly scaling?: 'Div' | 'Mul';
  /** Where(not allowed, mask, x) instead of Where(allowed, x, mask). */
  readonly inverted?: boolean;
  readonly mask?: number;
  /** Elements of a head. */
  readonly dim?: number;
}

export const STATES = ['present_key=past_key', 'present_value=past_value'];

/** For both layers inputs `q0` [2, 2, dim], `k0` and `v0` [1, 2 * dim], `pos` [1] and the pasts [2, 6, 2 * dim]; outputs `y0` [2, 2, dim] and the presents. */
export function decoderStep({
  quantized,
  scaling = 'Div',
  inverted = true,
  mask = -10000,
  dim = 4,
}: DecoderOptions): ModelSketch {
  const m = new ModelSketch(17);
  const width = HEADS * dim;
  const ints = (name: string, ...values: number[]) => m.constant(name, tensor('int64', [values.length], ...values));
  for (const name of ['q0', 'q1']) m.input(name, 'float32', HEADS, GROUP, dim);
  for (const name of ['k0', 'v0', 'k1', 'v1']) m.input(name, 'float32', 1, width);
  m.input('pos', 'int64', 1);
  for (const name of ['past_key', 'past_value']) m.input(name, 'float32', 2, CONTEXT, width);
  m.constant('indices', tensor('int64', [CONTEXT], ...Array.from({ length: CONTEXT }, (_, i) => i)));
  m.node('Reshape', [m.node('Equal', ['indices', 'pos'], 'here'), ints('column', CONTEXT, 1)], 'here_column');
  m.node('Reshape', [m.node('LessOrEqual', ['indices', 'pos'], 'seen'), ints('row', 1, CONTEXT)], 'seen_row');
  m.constant('mask', tensor('float32', [], mask));
  m.constant('factor', tensor('float32', [], scaling === 'Div' ? 1.7 : 0.6));
  const bytes = (from: string, scale: number, zero: number) =>
    quantized ? m.dequantize(m.quantize(from, `${from}_q`, { scale, zero }), { scale, zero }) : from;
  for (const layer of [0, 1]) {
    const n = (name: string) => `${name}${layer}`;
    m.constant(n('layer'), tensor('int64', [], layer));
    const cached = (past: string, row: string) =>
      m.node(
        'Where',
        ['here_column', n(row), m.node('Gather', [past, n('layer')], n(`${past}_layer`), { axis: 0 })],
        n(`${past}_now`),
      );
    const turned = (name: string, perm: number[]) =>
      m.node(
        'Transpose',
        [m.node('Reshape', [name, ints(`${name}_shape`, CONTEXT, HEADS, dim)], `${name}_r`)],
        `${name}_t`,
        { perm },
      );
    const [keys, values] = [cached('past_key', 'k'), cached('past_value', 'v')];
    const scores = m.node('MatMul', [bytes(n('q'), 0.03, 5), bytes(turned(keys, [1, 2, 0]), 0.04, -9)], n('s'));
    const scaled = m.node(scaling, [bytes(scores, 0.1, 11), 'factor'], n('x'));
    if (inverted) m.node('Where', [m.node('Not', ['seen_row'], n('hidden')), 'mask', scaled], n('logits'));
    else m.node('Where', ['seen_row', scaled, 'mask'], n('logits'));
    const weights = m.node('Softmax', [n('logits')], n('p'), { axis: -1 });
    m.node('MatMul', [bytes(weights, 1 / 255, -128), bytes(turned(values, [1, 0, 2]), 0.02, 3)], n('o'));
    if (quantized)
      m.dequantize(m.quantize(n('o'), n('o_q'), { scale: 0.02, zero: -4 }), { scale: 0.02, zero: -4 }, n('y'));
    else m.node('Identity', [n('o')], n('y'));
    m.output(n('y'), 'float32', HEADS, GROUP, dim);
  }
  for (const [past, present] of [
    ['past_key', 'present_key'],
    ['past_value', 'present_value'],
  ] as const) {
    const layers = [0, 1].map((layer) =>
      m.node('Unsqueeze', [`${past}_now${layer}`, ints(`${present}${layer}_axis`, 0)], `${present}${layer}`),
    );
    m.node('Concat', layers, present, { axis: 0 });
    m.output(present, 'float32', 2, CONTEXT, width);
  }
  return m;
}

/** Steps at these positions, with inputs from -2 to 2 that depend on the step. */
export function decoderInputs(positions: readonly number[], dim = 4): ReadonlyMap<string, Tensor>[] {
  let seed = 1;
  const next = () => {
    seed = (seed * 48271) % 2147483647;
    return 4 * (seed / 2147483647) - 2;
  };
  const floats = (shape: readonly number[]): Tensor => {
    const count = shape.reduce((a, b) => a * b, 1);
    return { dtype: 'float32', shape, data: Float32Array.from({ length: count }, next) };
  };
  return positions.map(
    (position) =>
      new Map<string, Tensor>([
        ...['q0', 'q1'].map((name) => [name, floats([HEADS, GROUP, dim])] as const),
        ...['k0', 'v0', 'k1', 'v1'].map((name) => [name, floats([1, HEADS * dim])] as const),
        ['pos', { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(position)) }],
      ]),
  );
}
