/** Products of uint8 or int8 with constant weights, zero points being known at run time: MatMulInteger and MatMulIntegerToFloat. */
import type { Argument, KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import type { LowerContext, NodeView } from '../define.js';
import { constantOf, macsOf } from './convolution.js';

export interface ProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** @param a, b input indices; `zeros` that of the weights' zero points */
export function productShape(
  view: NodeView,
  [a, b, zeroOfA, zeros]: readonly [number, number, number, number],
): ProductShape {
  const [left, right] = [view.required(a), view.required(b)];
  for (const { name, dtype } of [left, right])
    if (dtype !== 'int8' && dtype !== 'uint8') view.bad(`"${name}" is ${dtype}`, { expected: 'int8 or uint8' });
  if (right.shape.length !== 2)
    view.bad(`"${right.name}" has ${right.shape.length} dimensions`, { expected: 'a matrix of weights' });
  const [inner, columns] = right.shape as [number, number];
  if (left.shape.at(-1) !== inner)
    view.bad(`"${left.name}" has rows of ${left.shape.at(-1)}`, { expected: `${inner}` });
  const zero = view.input(zeroOfA);
  if (zero !== undefined && (zero.dtype !== left.dtype || elementCount(zero.shape) !== 1))
    view.bad(`"${zero.name}" is ${zero.dtype}[${zero.shape}]`, {
      expected: `one ${left.dtype}: zero points of rows are not supported`,
    });
  const own = view.input(zeros);
  if (own !== undefined && (own.dtype !== right.dtype || ![1, columns].includes(elementCount(own.shape))))
    view.bad(`"${own.name}" is ${own.dtype}[${own.shape}]`, { expected: `1 or ${columns} of ${right.dtype}` });
  return { rows: elementCount(left.shape) / inner, inner, columns };
}

/** Sums modulo 2^32, [rows][columns]. */
export function integerSums(
  { rows, inner, columns }: ProductShape,
  a: Tensor,
  zero: Tensor | undefined,
  b: Tensor,
  zeros: Tensor | undefined,
): Int32Array {
  const sums = new Int32Array(rows * columns);
  const own = Number(zero?.data[0] ?? 0);
  const [left, right] = [a.data as Uint8Array, b.data as Int8Array];
  for (let row = 0; row < rows; row += 1) {
    for (let c = 0; c < columns; c += 1) {
      const middle = Number(zeros?.data[zeros.data.length === 1 ? 0 : c] ?? 0);
      let sum = 0;
      for (let k = 0; k < inner; k += 1) sum += (left[row * inner + k]! - own) * (right[k * columns + c]! - middle);
      sums[row * columns + c] = sum;
    }
  }
  return sums;
}

export interface ProductOperands {
  readonly function: string;
  readonly folder: 'portable' | 'arm-dsp';
  /** Input indices. */
  readonly a: number;
  readonly zero: number;
  readonly b: number;
  readonly zeros: number;
  /** Floats come out: input indices of the scale of a, those of the columns, and the bias. */
  readonly scales?: { readonly a: number; readonly b: number; readonly bias: number };
}

export function productCall(context: LowerContext, shape: ProductShape, operands: ProductOperands): KernelCall {
  const { rows, inner, columns } = shape;
  const stride = Math.ceil(inner / 4) * 4;
  const y = context.output(0);
  const read = (index: number): Argument => {
    const value = context.input(index);
    return value === undefined ? { kind: 'null' } : { kind: 'value', value: value.name, access: 'read' };
  };
  const { scales } = operands;
  const floats = (index: number | undefined, suffix: string, role: 'scale' | 'bias'): ParamValue =>
    index === undefined || context.input(index) === undefined
      ? { text: 'NULL' }
      : {
          constant: {
            suffix,
            data: perColumn(constantOf(context, index).data as Float32Array, columns),
            role,
            alignment: 4,
          },
        };
  const fields: Record<string, ParamValue> = {
    ...{ rows: { int: rows }, inner: { int: inner }, columns: { int: columns }, stride: { int: stride } },
    is_signed: { int: context.required(operands.a).dtype === 'int8' ? 1 : 0 },
    weights: {
      constant: { suffix: 'weights', data: weightsFor(context, operands, stride), role: 'weights', alignment: 4 },
    },
    zeros: zerosField(context, operands, columns),
    scales: floats(scales?.b, 'scales', 'scale'),
    bias: floats(scales?.bias, 'bias', 'bias'),
  };
  return {
    node: context.node,
    family: operands.folder === 'portable' ? 'portable' : 'native',
    function: operands.function,
    header: 'nanoc/integer_product.h',
    sources: [`${operands.folder}/${operands.function}.c`],
    arguments: [
      read(operands.a),
      ...(scales === undefined ? [] : [read(scales.a)]),
      read(operands.zero),
      { kind: 'value', value: y.name, access: 'write' },
      ...(scales === undefined ? [] : [{ kind: 'scratch' } as const]),
      { kind: 'params', struct: 'nanoc_integer_product_params', fields },
    ],
    ...(scales === undefined ? {} : { scratch: { bytes: 2 * stride, alignment: 4 } }),
    overlaps: [],
    alignment: 4,
    macs: macsOf(y, inner),
  };
}

function perColumn(data: Float32Array, columns: number): Float32Array {
  return data.length === columns ? data : new Float32Array(columns).fill(data[0]!);
}

/** Unsigned weights are 128 less, as their zero points are. */
function offsetOf(context: LowerContext, b: number): number {
  return context.required(b).dtype === 'uint8' ? 128 : 0;
}

/** In the order of the kernel (nanoc/integer_product.h). */
function weightsFor(context: LowerContext, { folder, b }: ProductOperands, stride: number): Int8Array {
  const turned = turnedWeights(context, b, stride);
  if (folder === 'portable') return turned;
  const columns = turned.length / stride;
  return Int8Array.from({ length: Math.ceil(columns / 4) * 4 * stride }, (_, i) => {
    const [group, k, c] = [Math.floor(i / (4 * stride)), Math.floor((i % (4 * stride)) / 16), Math.floor((i % 16) / 4)];
    return turned[(4 * group + c) * stride + 4 * k + (i % 4)] ?? 0;
  });
}

/** [columns][stride] */
function turnedWeights(context: LowerContext, b: number, stride: number): Int8Array {
  const [inner, columns] = context.required(b).shape as [number, number];
  const data = constantOf(context, b).data as Int8Array;
  const result = new Int8Array(columns * stride);
  for (let c = 0; c < columns; c += 1)
    for (let k = 0; k < inner; k += 1) result[c * stride + k] = data[k * columns + c]! - offsetOf(context, b);
  return result;
}

function zerosField(context: LowerContext, { b, zeros }: ProductOperands, columns: number): ParamValue {
  const given = context.input(zeros) === undefined ? undefined : (constantOf(context, zeros).data as Int8Array);
  const own = Int32Array.from(
    { length: columns },
    (_, c) => (given === undefined ? 0 : given[given.length === 1 ? 0 : c]!) - offsetOf(context, b),
  );
  if (own.every((zero) => zero === 0)) return { text: 'NULL' };
  return { constant: { suffix: 'zeros', data: own, role: 'parameters', alignment: 4 } };
}
