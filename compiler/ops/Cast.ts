import type { GraphEditor } from '../ir/builders.js';
import { allocate, type DataType, type Tensor } from '../ir/tensor.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { wrap } from './shared/elementwise.js';
import { replaceByReshape } from './shared/rewrite.js';
import { C_TYPES } from './shared/types.js';
import { count, elementwiseCall } from './shared/unary.js';

/** TensorProto.DataType of the attribute `to`. */
const TYPES: Readonly<Record<number, DataType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  12: 'uint32',
};

/**
 * Floats are truncated to integers: ONNX leaves open what happens outside the range; here int64 saturates, NaN is 0, and
 * smaller types take the low bits, as x86 and ONNX Runtime do where the number fits 32 bits.
 */
export default defineOp({
  name: 'Cast',
  domain: '',
  opsets: [6, 9, 13, 19, 21, 23, 24],
  summary: 'between float32, bool and the integers; floats are truncated, integers wrap',
  inputs: [{ name: 'input' }],
  outputs: ['output'],
  attributes: {
    to: { type: 'int', required: true },
    saturate: { type: 'int', default: 1 },
    round_mode: { type: 'string', default: 'up' },
  },
  quantized: 'float',
  infer(view) {
    const { name, dtype, shape } = view.required(0);
    if (C_TYPES[dtype] === undefined) view.bad(`"${name}" is ${dtype}`, { expected: Object.keys(C_TYPES).join(', ') });
    return [{ dtype: targetOf(view), shape }];
  },
  normalize(view, editor: GraphEditor) {
    if (view.required(0).dtype === targetOf(view)) replaceByReshape(editor, view.node);
  },
  evaluate: (view, [x]) => [castTensor(x!, targetOf(view))],
  kernels: [{ function: 'nanoc_cast', family: 'portable', build: (context) => ({ call: castCall(context) }) }],
});

function targetOf(view: NodeView): DataType {
  const to = TYPES[view.int('to')];
  if (to !== undefined) return to;
  return view.bad(`to the type ${view.int('to')} (TensorProto.DataType)`, {
    expected: Object.keys(C_TYPES).join(', '),
  });
}

function castTensor(x: Tensor, dtype: DataType): Tensor {
  const data = allocate(dtype, x.data.length);
  const convert = converter(x.dtype, dtype);
  x.data.forEach((element: number | bigint, i: number) => void (data[i] = convert(element)));
  return { dtype, shape: x.shape, data };
}

function converter(from: DataType, to: DataType): (x: number | bigint) => number | bigint {
  if (from === to) return (x) => x;
  // Comparison with 0 takes NaN for true, as C does.
  if (to === 'bool') return (x) => (x === 0 || x === 0n ? 0 : 1);
  if (from === 'float32') return (x) => wrap(to, truncate(Number(x)));
  if (to === 'float32') return (x) => (typeof x === 'bigint' ? floatOf(x) : x);
  return (x) => wrap(to, BigInt(x));
}

function truncate(x: number): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x >= 2 ** 63) return 2n ** 63n - 1n;
  return x < -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(x));
}

/** The nearest float32. Bits beyond a double's 53 are gathered in the last one, so that the second rounding is right. */
function floatOf(x: bigint): number {
  const rest = (x & 0x7ffn) === 0n ? 0n : 1n;
  const wide = x > 2n ** 53n || x < -(2n ** 53n);
  return Math.fround(wide ? Number((x >> 11n) | rest) * 2048 : Number(x));
}

function castCall(context: LowerContext) {
  const [x, y] = [context.required(0), context.output(0)];
  const call = elementwiseCall(context, 'nanoc_cast', 'nanoc/quantize.h');
  const type = (dtype: DataType) => ({ kind: 'int', value: C_TYPES[dtype]!, comment: dtype }) as const;
  return {
    ...call,
    arguments: [...call.arguments, count(context), type(x.dtype), type(y.dtype)],
    overlaps: [],
    alignment: Math.max(...[x, y].map(({ dtype }) => (dtype === 'int64' ? 8 : 4))),
  };
}
