import type { GraphEditor } from '../ir/builders.js';
import type { AttributeValue } from '../ir/graph.js';
import { elementCount } from '../ir/tensor.js';
import { type AttributeSpec, defineOp, type NodeView } from './define.js';

const f = Math.fround;
const [QUERY, KEY, VALUE, PAST_KEY, PAST_VALUE, SEQLENS, , COS, SIN] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

function only(type: 'int' | 'float', ...allowed: readonly number[]): AttributeSpec {
  const check = (value: unknown) =>
    allowed.includes(Number(value)) ? undefined : `is ${String(value)}: only ${allowed.join(' and ')} are supported`;
  return { type, default: allowed[0]!, check };
}

/**
 * com.microsoft.GroupQueryAttention of one token over caches of fixed length, [1, kv heads, context, head size]: the new key and value
 * are written at the position `seqlens_k` (as many tokens as were there before) with CacheUpdate, and CachedAttention reads up to it.
 */
export default defineOp({
  name: 'GroupQueryAttention',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'float32, one token, caches of fixed length with present bound to past; packed or separate; rotary; no window, softcap, bias or sink',
  inputs: [
    { name: 'query' },
    { name: 'key', optional: true },
    { name: 'value', optional: true },
    { name: 'past_key' },
    { name: 'past_value' },
    { name: 'seqlens_k' },
    { name: 'total_sequence_length' },
    { name: 'cos_cache', optional: true },
    { name: 'sin_cache', optional: true },
  ],
  outputs: ['output', 'present_key', 'present_value'],
  attributes: {
    num_heads: { type: 'int', required: true },
    kv_num_heads: { type: 'int', required: true },
    scale: { type: 'float', default: 0 },
    do_rotary: only('int', 0, 1),
    rotary_interleaved: only('int', 0, 1),
    local_window_size: only('int', -1),
    softcap: only('float', 0),
    smooth_softmax: only('int', 0, -1),
  },
  quantized: 'float',
  infer(view) {
    const { heads, dim } = geometry(view);
    const past = view.required(PAST_KEY);
    return [
      { dtype: 'float32', shape: [1, 1, heads * dim] },
      { dtype: 'float32', shape: past.shape },
      { dtype: 'float32', shape: past.shape },
    ];
  },
  normalize,
});

interface Geometry {
  readonly heads: number;
  /** Of keys and values. */
  readonly shared: number;
  readonly dim: number;
}

/** @throws NC0204 when it is not one token over caches of fixed length */
function geometry(view: NodeView): Geometry {
  const [heads, shared] = [view.int('num_heads'), view.int('kv_num_heads')];
  const past = view.required(PAST_KEY);
  const dim = past.shape.at(-1)!;
  const cache = `[1, ${shared}, context, head size]`;
  for (const value of [past, view.required(PAST_VALUE)]) {
    if (value.shape.length !== 4 || value.shape[0] !== 1 || value.shape[1] !== shared || value.shape[3] !== dim)
      view.bad(`"${value.name}" has shape [${value.shape}]`, {
        expected: cache,
        because: 'a cache has a fixed length, and models are compiled a token a step',
        help: 'give the past the length of the context (--dim), and bind present to it with --state',
      });
  }
  if (past.shape.join() !== view.required(PAST_VALUE).shape.join()) view.bad('the caches have different lengths');
  const packed = view.input(KEY) === undefined && view.input(VALUE) === undefined;
  const expected = packed
    ? [[QUERY, heads + 2 * shared] as const]
    : ([QUERY, KEY, VALUE].map((index) => [index, index === QUERY ? heads : shared]) as [number, number][]);
  for (const [index, count] of expected) {
    const value = view.required(index);
    if (value.dtype !== 'float32') view.bad(`"${value.name}" is ${value.dtype}`, { expected: 'float32' });
    if (value.shape.join() !== [1, 1, count * dim].join())
      view.bad(`"${value.name}" has shape [${value.shape}]`, {
        expected: `[1, 1, ${count * dim}]: one token`,
        because: 'models are compiled a token a step',
      });
  }
  if (heads % shared !== 0) view.bad(`${heads} heads share ${shared} of keys and values`);
  if (elementCount(view.required(SEQLENS).shape) !== 1) view.bad('seqlens_k has more than one element');
  if (view.int('do_rotary') === 1) checkAngles(view, dim);
  return { heads, shared, dim };
}

function checkAngles(view: NodeView, dim: number): void {
  for (const index of [COS, SIN]) {
    const { name, shape } = view.required(index);
    if (shape.length !== 2 || shape[1] !== dim / 2)
      view.bad(`"${name}" has shape [${shape}]`, { expected: `[positions, ${dim / 2}]: whole heads are turned` });
  }
}

function normalize(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const { heads, shared, dim } = geometry(view);
  const stem = node.outputs[0]!;
  const add = (
    op: string,
    domain: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string => {
    editor.addNode({ name: output, op, domain, inputs, outputs: [output], attributes, origins: [node.name] });
    return output;
  };
  const value = (name: string, shape: readonly number[]) =>
    editor.addValue({ name: `${stem}__${name}`, dtype: 'float32', shape });
  const reshape = (from: string, name: string, ...shape: number[]) => add('Reshape', '', [from], value(name, shape));
  const position = node.inputs[SEQLENS]!;
  const turn = turner(view, (op, domain, inputs, name, shape, attributes) =>
    add(op, domain, inputs, value(name, shape), attributes),
  );

  const [query, key, fresh] = operands(view, editor, value);
  const q = reshape(turn(query!, 'q', heads, dim), 'queries', shared, heads / shared, dim);
  const k = reshape(turn(key!, 'k', shared, dim), 'key_row', 1, shared, 1, dim);
  const v = reshape(fresh!, 'value_row', 1, shared, 1, dim);
  const update = (past: number, row: string, present: string | undefined) =>
    add(
      'CacheUpdate',
      'ai.nanoc',
      [node.inputs[past]!, row, position],
      present || value(`present_${past}`, view.required(past).shape),
      { axis: 2 },
    );
  editor.removeNode(node);
  const keys = update(PAST_KEY, k, node.outputs[1]);
  const values = update(PAST_VALUE, v, node.outputs[2]);
  const scale = view.float('scale') === 0 ? f(1 / Math.sqrt(dim)) : f(view.float('scale'));
  const attended = add(
    'CachedAttention',
    'ai.nanoc',
    [q, keys, values, position],
    value('attended', [shared, heads / shared, dim]),
    {
      multiplier: scale,
      divisor: 1,
    },
  );
  add('Reshape', '', [attended], stem);
}

/** Query, key and value, cut out of one tensor where they are packed. */
function operands(
  view: NodeView,
  editor: GraphEditor,
  value: (name: string, shape: readonly number[]) => string,
): readonly string[] {
  const { node } = view;
  if (view.input(KEY) !== undefined) return node.inputs.slice(QUERY, VALUE + 1);
  const { heads, shared, dim } = geometry(view);
  const split = [heads * dim, shared * dim, shared * dim];
  const outputs = split.map((size, i) => value(`packed_${i}`, [1, 1, size]));
  const name = editor.freshName(`${node.name}_split`);
  editor.addNode({
    name,
    op: 'Split',
    domain: '',
    inputs: [node.inputs[QUERY]!],
    outputs,
    attributes: { axis: 2, split },
  });
  return outputs;
}

type Add = (
  op: string,
  domain: string,
  inputs: readonly string[],
  name: string,
  shape: readonly number[],
  attributes?: Readonly<Record<string, AttributeValue>>,
) => string;

/** Turns heads by the angles of the position, where the model asks for it. */
function turner(view: NodeView, add: Add): (x: string, name: string, heads: number, dim: number) => string {
  if (view.int('do_rotary') === 0) return (x) => x;
  const interleaved = view.int('rotary_interleaved') === 1;
  const angles = [COS, SIN].map((index) => {
    const { name, shape } = view.required(index);
    return add('Gather', '', [name, view.node.inputs[SEQLENS]!], index === COS ? 'cos' : 'sin', [1, shape[1]!], {
      axis: 0,
    });
  });
  return (x, name, heads, dim) => {
    const shape = interleaved ? [heads, dim / 2, 2] : [heads, dim];
    const seen = add('Reshape', '', [x], `${name}_heads`, shape);
    const attributes = interleaved ? {} : { halves: 1 };
    return add('RotaryEmbedding', 'ai.nanoc', [seen, ...angles], `${name}_turned`, shape, attributes);
  };
}
