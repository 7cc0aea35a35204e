/** Sizes and masks of the operator Attention. */
import { allocate, elementCount, type Tensor } from '../../ir/tensor.js';
import type { NodeView } from '../define.js';

const [Q, K, V, MASK, PAST_KEY, PAST_VALUE, VALID] = [0, 1, 2, 3, 4, 5, 6];

export interface AttentionSizes {
  readonly batch: number;
  readonly heads: number;
  /** Heads of keys and values. */
  readonly shared: number;
  /** Queries. */
  readonly length: number;
  /** Keys of past_key, and of K. */
  readonly past: number;
  readonly fresh: number;
  /** Elements of a head of queries and keys, and of values. */
  readonly size: number;
  readonly valueSize: number;
  /** [batch, length, hidden] instead of [batch, heads, length, size]. */
  readonly is3d: boolean;
}

/** @throws NC0204 when the inputs do not fit together, or are of a kind that is not done */
export function sizesOf(view: NodeView): AttentionSizes {
  const [q, k, v] = [Q, K, V].map((index) => view.required(index));
  for (const { name, dtype } of [q!, k!, v!])
    if (dtype !== 'float32') view.bad(`"${name}" is ${dtype}`, { expected: 'float32' });
  const rank = q!.shape.length;
  if ((rank !== 3 && rank !== 4) || k!.shape.length !== rank || v!.shape.length !== rank)
    view.bad(`Q, K and V have shapes [${q!.shape}], [${k!.shape}] and [${v!.shape}]`, {
      expected: 'three of [batch, heads, length, size], or three of [batch, length, hidden]',
    });
  const [heads, shared] = ['q_num_heads', 'kv_num_heads'].map((name, index) =>
    rank === 3 ? view.int(name) : [q!, k!][index]!.shape[1]!,
  ) as [number, number];
  if (heads < 1 || shared < 1 || heads % shared !== 0)
    view.bad(`${heads} heads of queries share ${shared} of keys and values`, {
      expected: 'a multiple of kv_num_heads; q_num_heads and kv_num_heads where Q has three dimensions',
    });
  const split = (shape: readonly number[], count: number) =>
    rank === 4 ? shape : [shape[0]!, count, shape[1]!, shape[2]! / count];
  const [queries, keys, values] = [split(q!.shape, heads), split(k!.shape, shared), split(v!.shape, shared)];
  const [batch, , length, size] = queries as [number, number, number, number];
  const [fresh, valueSize] = [keys[2]!, values[3]!];
  const expected = [queries, [batch, shared, fresh, size], [batch, shared, fresh, valueSize]];
  const isWhole = [size, valueSize].every(Number.isInteger);
  if (!isWhole || [queries, keys, values].some((shape, index) => shape.join() !== expected[index]!.join()))
    view.bad(`Q, K and V are [${queries}], [${keys}] and [${values}] as [batch, heads, length, size]`, {
      expected: 'one batch; one length, and heads, of K and V; one size of Q and K',
    });
  const sizes = { batch, heads, shared, length, fresh, size, valueSize, is3d: rank === 3 };
  const past = pastOf(view, sizes);
  checkMask(view, { ...sizes, past });
  return { ...sizes, past };
}

function pastOf(view: NodeView, { batch, shared, size, valueSize }: Omit<AttentionSizes, 'past'>): number {
  const [key, value, valid] = [view.input(PAST_KEY), view.input(PAST_VALUE), view.input(VALID)];
  if (valid !== undefined) {
    if (key !== undefined || value !== undefined || view.node.outputs[1] || view.node.outputs[2])
      view.bad('nonpad_kv_seqlen is given beside past or present keys and values', {
        because: 'it says that K and V are whole caches, which TensorScatter writes',
      });
    const isCount = (valid.dtype === 'int64' || valid.dtype === 'int32') && elementCount(valid.shape) === batch;
    if (!isCount)
      view.bad(`nonpad_kv_seqlen is ${valid.dtype}[${valid.shape}]`, {
        expected: `integers, one for each of ${batch}`,
      });
  }
  if (key === undefined && value === undefined) return 0;
  const [keys, values] = [view.required(PAST_KEY), view.required(PAST_VALUE)];
  const past = keys.shape[2] ?? 0;
  for (const [tensor, width] of [[keys, size] as const, [values, valueSize] as const])
    if (tensor.shape.join() !== [batch, shared, past, width].join() || tensor.dtype !== 'float32')
      view.bad(`"${tensor.name}" is ${tensor.dtype}[${tensor.shape}]`, {
        expected: `float32[${[batch, shared, past, width]}]`,
      });
  return past;
}

function checkMask(view: NodeView, { batch, heads, length, past, fresh }: AttentionSizes): void {
  const mask = view.input(MASK);
  if (mask === undefined) return;
  const total = past + fresh;
  if (mask.dtype !== 'bool' && mask.dtype !== 'float32')
    view.bad(`attn_mask is ${mask.dtype}`, { expected: 'bool or float32' });
  const own = mask.shape.slice(0, -1);
  const outer = [batch, heads, length].slice(3 - own.length);
  const fits = own.length <= 3 && own.every((size, axis) => size === 1 || size === outer[axis]);
  const keys = mask.shape.at(-1) ?? 0;
  if (!fits || keys < 1 || keys > total)
    view.bad(`attn_mask has shape [${mask.shape}]`, { expected: `one that repeats to [${[...outer, total]}]` });
  if (keys < total && mask.constant === undefined)
    view.bad(`attn_mask covers ${keys} of ${total} keys`, {
      because: 'the rest of a mask that is known at run time only is not filled in',
      expected: `the last dimension to be ${total}`,
    });
}

/** What is missing of the last dimension allows nothing: false, or -infinity. */
export function paddedMask({ dtype, shape, data }: Tensor, total: number): Tensor {
  const keys = shape.at(-1)!;
  const padded = allocate(dtype, (data.length / keys) * total) as Float32Array;
  if (dtype === 'float32') padded.fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < data.length / keys; row += 1)
    padded.set((data as Float32Array).subarray(row * keys, (row + 1) * keys), row * total);
  return { dtype, shape: [...shape.slice(0, -1), total], data: padded };
}

/** Whether a query may be left without a key: ONNX gives zeros for it. */
export function leavesEmptyRows(view: NodeView): boolean {
  if (view.input(VALID) !== undefined) return true;
  const mask = view.input(MASK);
  if (mask === undefined) return false;
  if (mask.constant === undefined) return true;
  const { length, past, fresh } = sizesOf(view);
  const keys = mask.shape.at(-1)!;
  const { data } = mask.constant;
  const isAllowed = (at: number) =>
    mask.dtype === 'bool' ? data[at] !== 0 : Number(data[at]) !== Number.NEGATIVE_INFINITY;
  const isPerQuery = (mask.shape.at(-2) ?? 1) === length;
  const last = (query: number) => (view.int('is_causal') === 1 ? query + past : past + fresh);
  for (let row = 0; row < data.length / keys; row += 1) {
    // A row for all queries leaves the first one least.
    const query = isPerQuery ? row % length : 0;
    const count = Math.min(keys, last(query) + 1);
    if (!Array.from({ length: count }, (_, key) => row * keys + key).some(isAllowed)) return true;
  }
  return false;
}
