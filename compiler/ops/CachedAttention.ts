import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { bytesPerElement, elementCount, type Tensor } from '../ir/tensor.js';
import { mveAttention } from '../kernels/arm-mve/attention-kernel.js';
import { attentionKernels } from '../kernels/attention.js';
import { floatAttentionKernel } from '../kernels/float-attention.js';
import { lxAttention } from '../kernels/xtensa/attention-kernel.js';
import { expF32 } from '../numerics/float-math.js';
import { provenInverse } from '../numerics/quotient.js';
import { productScale, quantize, requantize } from '../numerics/requantize.js';
import { roundHalfEven } from '../numerics/round.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { CACHE_FORMS, type CacheForm, readRow } from './shared/cache-rows.js';
import { isFloat } from './shared/elementwise.js';
import { perTensor } from './shared/quantized.js';

const f = Math.fround;

/**
 * Attention of one token over a cache of keys and values, for positions from 0 to `position`; nanoc makes it from MatMul, Where,
 * Softmax and MatMul (recognise-attention), and it computes what they do:
 *
 *     q [heads, group, dim], keys and values [context, heads * dim] -> y [heads, group, dim]
 *
 * In float32 the caches may be [1, context, heads * dim] or [1, heads, context, dim] as well: Attention and GroupQueryAttention have them so. With `cache` their rows are packed (PackCacheRows,
 * pack-caches): the scale of a key multiplies its sum of products, that of a value its weight.
 *
 * Quantized, scores and weights are bytes too: their scales and zero points are attributes, and `logit_scale` is that of a score as
 * Softmax reads it. A negative position weighs all positions alike: nothing is left that is not masked.
 */
export default defineOp({
  name: 'CachedAttention',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'attention of one token over a key-value cache, up to its position; groups of queries for a head',
  inputs: [{ name: 'q' }, { name: 'keys' }, { name: 'values' }, { name: 'position' }],
  outputs: ['y'],
  attributes: {
    multiplier: { type: 'float', default: 1 },
    divisor: { type: 'float', default: 1 },
    cache: { type: 'string', default: '' },
    score_scale: { type: 'float' },
    score_zero_point: { type: 'int' },
    logit_scale: { type: 'float' },
    weight_scale: { type: 'float' },
    weight_zero_point: { type: 'int' },
  },
  quantized: 'float',
  infer: (view) => [{ dtype: view.output(0).dtype, shape: view.required(0).shape }],
  evaluate: (view, [q, keys, values, position]) => [attend(view, q!, keys!, values!, Number(position!.data[0]))],
  kernels: [
    mveAttention(quantizedCall),
    lxAttention(quantizedCall),
    ...attentionKernels(quantizedCall),
    {
      function: 'nanoc_cached_attention_s8',
      family: 'portable',
      when: (context) => context.required(0).dtype === 'int8' || 'the input is float32',
      build: (context) => ({ call: quantizedCall(context) }),
    },
    floatAttentionKernel((context) => (packing(context) === undefined ? floatCall(context) : rowsCall(context))),
    {
      function: 'nanoc_cached_attention_f32',
      family: 'portable',
      when: (context) => (packing(context) === undefined ? isFloat(context) : 'the rows of the caches are packed'),
      build: (context) => ({ call: floatCall(context) }),
    },
    {
      function: 'nanoc_cached_attention_rows',
      family: 'portable',
      when: (context) => packing(context) !== undefined || 'the rows of the caches are not packed',
      build: (context) => ({ call: rowsCall(context) }),
    },
  ],
});

interface Geometry {
  readonly heads: number;
  readonly group: number;
  readonly dim: number;
  readonly context: number;
  /** Elements of the caches from a position to the next, and from a head to the next. */
  readonly positionStep: number;
  readonly headStep: number;
}

function geometry(view: NodeView): Geometry {
  const [heads, group, dim] = view.required(0).shape as [number, number, number];
  const { shape } = view.required(1);
  const context = shape.at(-2)!;
  if (shape.length < 4) return { heads, group, dim, context, positionStep: heads * dim, headStep: dim };
  return { heads, group, dim, context, positionStep: dim, headStep: context * dim };
}

/** How the rows of the caches are packed; undefined: they are the elements. */
export function packing(view: NodeView): CacheForm | undefined {
  return CACHE_FORMS.find((form) => form === view.string('cache'));
}

/** The part of a row that belongs to a head; `scale` is that of a packed row. */
interface HeadRow {
  readonly values: ArrayLike<number>;
  readonly scale: number;
}

/** What one kind of numbers does in each of the steps. */
interface Arithmetic {
  score(query: ArrayLike<number>, key: HeadRow): number;
  /** From the scores of all positions that count to their weights. */
  weigh(scores: readonly number[]): number[];
  sum(weights: readonly number[], values: readonly number[], scales: readonly number[]): number;
}

/** Reads rows of a cache, packed or not. */
function rowReader(view: NodeView): (tensor: Tensor, at: number, head: number) => HeadRow {
  const { dim, positionStep, headStep } = geometry(view);
  const form = packing(view);
  if (form === undefined) {
    return (tensor, at, head) => {
      const start = at * positionStep + head * headStep;
      return { values: (tensor.data as Int8Array).subarray(start, start + dim), scale: 1 };
    };
  }
  const { shape } = view.required(1);
  const bytes = shape.at(-1)!;
  return (tensor, at, head) => {
    const [row, first] = shape.length < 4 ? [at, head * dim] : [head * shape.at(-2)! + at, 0];
    return readRow(form, (tensor.data as Uint8Array).subarray(row * bytes, (row + 1) * bytes), first, dim);
  };
}

function attend(view: NodeView, q: Tensor, keys: Tensor, values: Tensor, position: number): Tensor {
  const { heads, group, dim, context } = geometry(view);
  const arithmetic = q.dtype === 'float32' ? floatArithmetic(view) : byteArithmetic(view);
  const count = position >= 0 && position < context ? position + 1 : context;
  const data = q.data.slice() as Int8Array;
  const row = rowReader(view);
  const positions = Array.from({ length: count }, (_, i) => i);
  for (let query = 0; query < heads * group; query += 1) {
    const head = Math.floor(query / group);
    const own = (q.data as Int8Array).subarray(query * dim, (query + 1) * dim);
    const scores = positions.map((at) => (position < 0 ? 0 : arithmetic.score(own, row(keys, at, head))));
    const weights = arithmetic.weigh(scores);
    const rows = positions.map((at) => row(values, at, head));
    const scales = rows.map(({ scale }) => scale);
    for (let j = 0; j < dim; j += 1) {
      data[query * dim + j] = arithmetic.sum(
        weights,
        rows.map((each) => each.values[j]!),
        scales,
      );
    }
  }
  return { ...q, dtype: view.output(0).dtype, data };
}

function floatArithmetic(view: NodeView): Arithmetic {
  const [multiplier, divisor] = [f(view.float('multiplier')), f(view.float('divisor'))];
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < a.length; i += 1) sum = f(sum + f(a[i]! * b[i]!));
    return sum;
  };
  return {
    score: (query, key) => f(f(f(dot(query, key.values) * key.scale) * multiplier) / divisor),
    weigh: (scores) => softmax(scores, expF32),
    sum: (weights, values, scales) =>
      dot(
        weights.map((weight, i) => f(weight * scales[i]!)),
        values,
      ),
  };
}

function byteArithmetic(view: NodeView): Arithmetic {
  const [q, k, v] = [0, 1, 2].map((index) => perTensor(view.required(index))) as [Per, Per, Per];
  const y = perTensor(view.output(0));
  const score = { scale: view.float('score_scale'), zeroPoint: view.int('score_zero_point') };
  const weight = { scale: view.float('weight_scale'), zeroPoint: view.int('weight_zero_point') };
  const logit = f(view.float('logit_scale'));
  const dot = (a: ArrayLike<number>, aZero: number, b: ArrayLike<number>, bZero: number) => {
    let sum = 0;
    for (let i = 0; i < a.length; i += 1) sum += (a[i]! - aZero) * (b[i]! - bZero);
    return sum;
  };
  const scoreScale = productScale(q.scale, k.scale, score.scale);
  const yScale = productScale(weight.scale, v.scale, y.scale);
  return {
    score: (query, key) =>
      requantize(dot(query, q.zeroPoint, key.values, k.zeroPoint), scoreScale, score.zeroPoint, -128, 127),
    weigh: (scores) =>
      softmax(scores, (distance) => expF32(f(distance * logit))).map((p) =>
        quantize(p, weight.scale, weight.zeroPoint, -128, 127),
      ),
    sum: (weights, values) =>
      requantize(dot(weights, weight.zeroPoint, values, v.zeroPoint), yScale, y.zeroPoint, y.low, y.high),
  };
}

type Per = ReturnType<typeof perTensor>;

/** As the operator Softmax does it. */
function softmax(scores: readonly number[], exponential: (distance: number) => number): number[] {
  const highest = scores.reduce((best, score) => Math.max(best, score), Number.NEGATIVE_INFINITY);
  const terms = scores.map((score) => exponential(f(score - highest)));
  const inverse = f(1 / terms.reduce((sum, term) => f(sum + term), 0));
  return terms.map((term) => f(term * inverse));
}

function quantizedCall(context: LowerContext): KernelCall {
  const [q, k, v] = [0, 1, 2].map((index) => perTensor(context.required(index))) as [Per, Per, Per];
  const y = perTensor(context.output(0));
  const [scoreScale, weightScale] = [context.float('score_scale'), context.float('weight_scale')];
  const logit = f(context.float('logit_scale'));
  const table = Float32Array.from({ length: 256 }, (_, d) => expF32(f(-d * logit)));
  // The sum is 1 or more, so that a weight is at most e: from here on it rounds to 0.
  const last = table.findLastIndex((e) => roundHalfEven(f(e / f(weightScale))) !== 0);
  const fields: Record<string, ParamValue> = {
    ...commonFields(context),
    q_zero: { int: q.zeroPoint },
    k_zero: { int: k.zeroPoint },
    v_zero: { int: v.zeroPoint },
    score_zero: { int: context.int('score_zero_point') },
    weight_zero: { int: context.int('weight_zero_point') },
    y_zero: { int: y.zeroPoint },
    cutoff: { int: last + 1 },
    score_scale: { float: productScale(q.scale, k.scale, scoreScale) },
    weight_scale: { float: f(weightScale) },
    y_scale: { float: productScale(weightScale, v.scale, y.scale) },
    weight_inverse: { float: weightInverse(context) ?? 0 },
    table: { constant: { suffix: 'table', data: table, role: 'table' } },
  };
  return attentionCall(context, 'nanoc_cached_attention_s8', fields, 1);
}

/** Of the scale of weights: products by it round to the same weights as the division (proven); undefined where none does. */
export function weightInverse(context: NodeView): number | undefined {
  return provenInverse(f(context.float('weight_scale')), 127 - context.int('weight_zero_point'));
}

function floatCall(context: LowerContext): KernelCall {
  const { positionStep, headStep } = geometry(context);
  const fields: Record<string, ParamValue> = {
    ...commonFields(context),
    position_step: { int: positionStep },
    head_step: { int: headStep },
    multiplier: { float: f(context.float('multiplier')) },
    divisor: { float: f(context.float('divisor')) },
  };
  const call = attentionCall(context, 'nanoc_cached_attention_f32', fields, 4);
  return { ...call, sources: [...call.sources, 'portable/nanoc_exp.c'] };
}

function rowsCall(context: LowerContext): KernelCall {
  const { shape } = context.required(1);
  const [together, bytes] = [shape.length < 4, shape.at(-1)!];
  const fields: Record<string, ParamValue> = {
    ...commonFields(context),
    form: { int: CACHE_FORMS.indexOf(packing(context)!) },
    row_bytes: { int: bytes },
    head_rows: { int: together ? 0 : shape.at(-2)! },
    head_elements: { int: together ? context.required(0).shape[2]! : 0 },
    multiplier: { float: f(context.float('multiplier')) },
    divisor: { float: f(context.float('divisor')) },
  };
  const call = attentionCall(context, 'nanoc_cached_attention_rows', fields, 4);
  return { ...call, header: 'nanoc/cache_rows.h', sources: [...call.sources, 'portable/nanoc_exp.c'] };
}

function commonFields(context: LowerContext): Record<string, ParamValue> {
  const { heads, group, dim, context: length } = geometry(context);
  return {
    context: { int: length },
    heads: { int: heads },
    group: { int: group },
    dim: { int: dim },
    position_bytes: { int: bytesPerElement(context.required(3).dtype) },
  };
}

function attentionCall(
  context: LowerContext,
  name: string,
  fields: Record<string, ParamValue>,
  elementBytes: number,
): KernelCall {
  const inputs = [0, 1, 2, 3].map((index) => context.required(index));
  const y = context.output(0);
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/cache.h',
    sources: [`portable/${name}.c`],
    arguments: [
      ...inputs.map(({ name: value }) => ({ kind: 'value', value, access: 'read' }) as const),
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      { kind: 'params', struct: `${name}_params`, fields },
    ],
    scratch: { bytes: elementBytes * geometry(context).context, alignment: elementBytes },
    overlaps: [{ input: inputs[0]!.name, output: y.name, lead: 0 }],
    macs: 2 * elementCount(y.shape) * geometry(context).context,
    alignment: Math.max(bytesPerElement(inputs[3]!.dtype), packing(context) === undefined ? 1 : 4),
    remarks: ['multiply-accumulates are those of a full cache: work grows with the position'],
  };
}
