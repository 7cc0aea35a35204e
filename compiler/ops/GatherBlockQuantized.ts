import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { bytesOf, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type Inferred, type LowerContext, type NodeView } from './define.js';
import { constantOf } from './shared/convolution.js';
import { type BlockRows, bitsAttribute, dequantizeRow, zeroPointBytes } from './shared/nbits.js';
import { elementBytes, moveCall } from './shared/views.js';

/**
 * com.microsoft.GatherBlockQuantized: rows of a quantized table, dequantized as they are read. Indices as in Gather.
 *
 * nanoc makes it of a table whose DequantizeLinear has a scale for each row, and for `--embedding`. Such a table may be int8, its block the whole
 * row, and `inner` says how many elements of a row count where its last block is filled up, as MatMulNBits fills it.
 */
export default defineOp({
  name: 'GatherBlockQuantized',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'rows (gather_axis 0) of a constant table [rows, columns] of 2, 4 or 8 bits in blocks of a row, with zero points',
  inputs: [
    { name: 'data', mustBeConstant: true },
    { name: 'indices' },
    { name: 'scales', mustBeConstant: true },
    { name: 'zero_points', optional: true, mustBeConstant: true },
  ],
  outputs: ['output'],
  attributes: {
    bits: bitsAttribute,
    block_size: {
      type: 'int',
      default: 128,
      check: (size) => (Number(size) >= 1 ? undefined : `must be from 1 up, and is ${size}`),
    },
    gather_axis: {
      type: 'int',
      default: 0,
      check: (axis) => (axis === 0 ? undefined : `must be 0, and is ${axis}`),
    },
    quantize_axis: { type: 'int', default: 1 },
    inner: { type: 'int', default: 0 },
  },
  quantized: 'float',
  infer: (view) => [inferRows(view)],
  evaluate: (view, [, indices]) => [gatherRows(view, indices!)],
  kernels: [
    { function: 'nanoc_gather_blocks', family: 'portable', build: (context) => ({ call: gatherCall(context) }) },
  ],
});

interface Geometry {
  readonly rows: number;
  readonly inner: number;
  readonly bits: number;
  readonly block: number;
  readonly blocks: number;
}

function geometry(view: NodeView): Geometry {
  const [rows, bytes] = view.required(0).shape as [number, number];
  const [bits, block] = [view.int('bits'), view.int('block_size')];
  const inner = view.int('inner') === 0 ? (bytes * 8) / bits : view.int('inner');
  return { rows, inner, bits, block, blocks: Math.ceil(inner / block) };
}

function inferRows(view: NodeView): Inferred {
  const [data, indices, scales, zeros] = [view.required(0), view.required(1), view.required(2), view.input(3)];
  if (data.shape.length !== 2) view.bad(`"${data.name}" has ${data.shape.length} dimensions`, { expected: '2' });
  if (![1, -1].includes(view.int('quantize_axis')))
    view.bad(`quantize_axis is ${view.int('quantize_axis')}`, { expected: '1: blocks along a row' });
  if (data.dtype !== 'uint8' && !(data.dtype === 'int8' && view.int('bits') === 8))
    view.bad(`"${data.name}" is ${data.dtype}`, { expected: 'uint8, or int8 with bits 8' });
  if (indices.dtype !== 'int32' && indices.dtype !== 'int64')
    view.bad(`the indices are ${indices.dtype}`, { expected: 'int32 or int64' });
  const { rows, inner, bits, blocks } = geometry(view);
  if (scales.dtype !== 'float32' || elementCount(scales.shape) !== rows * blocks)
    view.bad(`"${scales.name}" is ${scales.dtype}[${scales.shape}]`, { expected: `${rows * blocks} float32` });
  const packed = rows * zeroPointBytes(blocks, bits);
  if (zeros !== undefined && (zeros.dtype !== data.dtype || elementCount(zeros.shape) !== packed))
    view.bad(`"${zeros.name}" is ${zeros.dtype}[${zeros.shape}]`, { expected: `${packed} elements of ${data.dtype}` });
  return { dtype: 'float32', shape: [...indices.shape, inner] };
}

function tableOf(view: NodeView): BlockRows {
  const { rows, inner, bits, block } = geometry(view);
  const zeros = view.input(3) === undefined ? {} : { zeros: constantOf(view, 3).data as Int8Array };
  return {
    ...{ rows, inner, bits, block, ...zeros },
    weights: constantOf(view, 0).data as Int8Array,
    scales: constantOf(view, 2).data as Float32Array,
  };
}

function gatherRows(view: NodeView, indices: Tensor): Tensor {
  const table = tableOf(view);
  const { shape } = view.output(0);
  const data = new Float32Array(elementCount(shape));
  Array.from(indices.data as Int32Array, Number).forEach((index, i) => {
    const positive = index < 0 ? index + table.rows : index;
    data.set(dequantizeRow(table, Math.min(Math.max(positive, 0), table.rows - 1)), i * table.inner);
  });
  return { dtype: 'float32', shape, data };
}

function gatherCall(context: LowerContext): KernelCall {
  const [indices, y] = [context.required(1), context.output(0)];
  const { rows, inner, bits, block } = geometry(context);
  const isSigned = context.required(0).dtype === 'int8';
  const weights = bytesOf(constantOf(context, 0).data);
  const zeros = context.input(3) === undefined ? undefined : bytesOf(constantOf(context, 3).data);
  const fields: Record<string, ParamValue> = {
    rows: { int: rows },
    inner: { int: inner },
    stride: { int: weights.length / rows },
    bits: { int: bits },
    block: { int: block },
    indices: { int: elementCount(indices.shape) },
    index_bytes: { int: elementBytes(indices) },
    is_signed: { int: isSigned ? 1 : 0 },
    weights: { constant: { suffix: 'weights', data: weights, role: 'weights', alignment: 4 } },
    scales: { constant: { suffix: 'scales', data: constantOf(context, 2).data, role: 'scale', alignment: 4 } },
    zeros:
      zeros === undefined
        ? { text: 'NULL' }
        : { constant: { suffix: 'zeros', data: zeros, role: 'parameters', alignment: 4 } },
  };
  return moveCall(context, 'nanoc_gather_blocks', {
    header: 'nanoc/gather_blocks.h',
    arguments: [
      { kind: 'value', value: indices.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: 'nanoc_gather_blocks_params', fields },
    ],
    overlaps: [],
    alignment: Math.max(elementBytes(indices), 4),
  });
}
