/** Products of uint8 or int8 with constant weights, zero points being known at run time: MatMulInteger, ConvInteger, and both with floats behind them. */
import type { Value } from '../../ir/graph.js';
import type { Argument, KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import type { LowerContext, NodeView } from '../define.js';
import { constantOf, macsOf } from './convolution.js';

export interface ProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Input indices of an integer product: what is quantized, its zero point, the weights and their zero points. */
export interface ProductOperands {
  readonly a: number;
  readonly zero: number;
  readonly b: number;
  readonly zeros: number;
  /** Floats come out: the scale of a, those of the columns, and the bias. */
  readonly scales?: { readonly a: number; readonly b: number; readonly bias: number };
}

/** @throws NC0204 where types do not fit, or numbers for `columns` columns are not as many */
export function checkProduct(view: NodeView, operands: ProductOperands, columns: number): void {
  const { a, zero, b, zeros, scales } = operands;
  const [left, right] = [view.required(a), view.required(b)];
  for (const { name, dtype } of [left, right])
    if (dtype !== 'int8' && dtype !== 'uint8') view.bad(`"${name}" is ${dtype}`, { expected: 'int8 or uint8' });
  const own = view.input(zero);
  if (own !== undefined && (own.dtype !== left.dtype || elementCount(own.shape) !== 1))
    view.bad(`"${own.name}" is ${own.dtype}[${own.shape}]`, {
      expected: `one ${left.dtype}: zero points of rows are not supported`,
    });
  const check = (index: number, dtype: Value['dtype'], counts: readonly number[]) => {
    const value = view.input(index);
    if (value === undefined || (value.dtype === dtype && counts.includes(elementCount(value.shape)))) return;
    view.bad(`"${value.name}" is ${value.dtype}[${value.shape}]`, { expected: `${counts.join(' or ')} of ${dtype}` });
  };
  check(zeros, right.dtype, [1, columns]);
  if (scales === undefined) return;
  check(scales.a, 'float32', [1]);
  check(scales.b, 'float32', [1, columns]);
  check(scales.bias, 'float32', [columns]);
}

/** @throws NC0204 as `checkProduct`, and where shapes do not fit */
export function productShape(view: NodeView, operands: ProductOperands): ProductShape {
  const [left, right] = [view.required(operands.a), view.required(operands.b)];
  if (right.shape.length !== 2)
    view.bad(`"${right.name}" has ${right.shape.length} dimensions`, { expected: 'a matrix of weights' });
  const [inner, columns] = right.shape as [number, number];
  if (left.shape.at(-1) !== inner)
    view.bad(`"${left.name}" has rows of ${left.shape.at(-1)}`, { expected: `${inner}` });
  checkProduct(view, operands, columns);
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

const f = Math.fround;

/** Sums as floats, each times the product of both scales, and the bias behind it; `columnOf` says whose numbers element i takes. */
export function productFloats(
  sums: Int32Array,
  columnOf: (i: number) => number,
  aScale: Tensor,
  bScale: Tensor,
  bias: Tensor | undefined,
): Float32Array {
  const scales = bScale.data as Float32Array;
  return Float32Array.from(sums, (sum, i) => {
    const c = columnOf(i);
    const scale = f(Number(aScale.data[0]) * scales[scales.length === 1 ? 0 : c]!);
    const y = f(f(sum) * scale);
    return bias === undefined ? y : f(y + Number(bias.data[c]));
  });
}

export type ProductFolder = 'portable' | 'arm-dsp';

/** Elements of a row of weights: a multiple of four. */
export function strideOf(inner: number): number {
  return Math.ceil(inner / 4) * 4;
}

/** `nanoc_integer_product_params`. @param turned weights as `inWholeWords` has them; `columns` are those of one of `groups` products */
export function productFields(
  context: LowerContext,
  operands: ProductOperands,
  folder: ProductFolder,
  { rows, inner, columns }: ProductShape,
  turned: Int8Array,
  groups = 1,
): Record<string, ParamValue> {
  const stride = strideOf(inner);
  const { scales } = operands;
  const all = columns * groups;
  const floats = (index: number | undefined, suffix: string, role: 'scale' | 'bias'): ParamValue => {
    if (index === undefined || context.input(index) === undefined) return { text: 'NULL' };
    const data = perColumn(constantOf(context, index).data as Float32Array, all);
    return { constant: { suffix, data, role, alignment: 4 } };
  };
  const own = Array.from({ length: groups }, (_, group) =>
    inOrderOf(folder, turned.subarray(group * columns * stride, (group + 1) * columns * stride), stride),
  );
  const weights = new Int8Array(own.reduce((sum, { length }) => sum + length, 0));
  own.forEach((each, group) => {
    weights.set(each, group * each.length);
  });
  return {
    ...{ rows: { int: rows }, inner: { int: inner }, columns: { int: columns }, stride: { int: stride } },
    is_signed: { int: context.required(operands.a).dtype === 'int8' ? 1 : 0 },
    weights: { constant: { suffix: 'weights', data: weights, role: 'weights', alignment: 4 } },
    zeros: zerosField(context, operands, all),
    scales: floats(scales?.b, 'scales', 'scale'),
    bias: floats(scales?.bias, 'bias', 'bias'),
  };
}

/** `name(a, [scale,] zero, y, [scratch,] params)`; scratch and floats where the operands have scales. */
export function productArguments(
  context: LowerContext,
  { a, zero, scales }: ProductOperands,
  params: { readonly struct: string; readonly fields: Record<string, ParamValue> },
  hasScratch: boolean,
): readonly Argument[] {
  const read = (index: number): Argument => {
    const value = context.input(index);
    return value === undefined ? { kind: 'null' } : { kind: 'value', value: value.name, access: 'read' };
  };
  return [
    read(a),
    ...(scales === undefined ? [] : [read(scales.a)]),
    read(zero),
    { kind: 'value', value: context.output(0).name, access: 'write' },
    ...(hasScratch ? [{ kind: 'scratch' } as const] : []),
    { kind: 'params', ...params },
  ];
}

/** A call of nanoc/integer_product.h for rows that lie one after the other. @param turned weights as `inWholeWords` has them */
export function productCall(
  context: LowerContext,
  name: string,
  folder: ProductFolder,
  operands: ProductOperands,
  shape: ProductShape,
  turned: Int8Array,
): KernelCall {
  const isFloat = operands.scales !== undefined;
  const fields = productFields(context, operands, folder, shape, turned);
  return {
    node: context.node,
    family: folder === 'portable' ? 'portable' : 'native',
    function: name,
    header: 'nanoc/integer_product.h',
    sources: [`${folder}/${name}.c`],
    arguments: productArguments(context, operands, { struct: 'nanoc_integer_product_params', fields }, isFloat),
    ...(isFloat ? { scratch: { bytes: 2 * strideOf(shape.inner), alignment: 4 } } : {}),
    overlaps: [],
    alignment: 4,
    macs: macsOf(context.output(0), shape.inner),
  };
}

function perColumn(data: Float32Array, columns: number): Float32Array {
  return data.length === columns ? data : new Float32Array(columns).fill(data[0]!);
}

function offsetOf(context: LowerContext, b: number): number {
  return context.required(b).dtype === 'uint8' ? 128 : 0;
}

/** [columns][stride] in the order of the kernel (nanoc/integer_product.h). */
function inOrderOf(folder: ProductFolder, turned: Int8Array, stride: number): Int8Array {
  if (folder === 'portable') return turned;
  const columns = turned.length / stride;
  return Int8Array.from({ length: Math.ceil(columns / 4) * 4 * stride }, (_, i) => {
    const [group, k, c] = [Math.floor(i / (4 * stride)), Math.floor((i % (4 * stride)) / 16), Math.floor((i % 16) / 4)];
    return turned[(4 * group + c) * stride + 4 * k + (i % 4)] ?? 0;
  });
}

/** Constant weights as int8: unsigned ones are 128 less, as their zero points are. */
export function signedWeights(context: LowerContext, b: number): Int8Array {
  const offset = offsetOf(context, b);
  return Int8Array.from(constantOf(context, b).data as Int8Array, (weight) => weight - offset);
}

/** [columns][stride] of rows [columns][inner], zeros behind them. */
export function inWholeWords(rows: Int8Array, inner: number): Int8Array {
  const stride = strideOf(inner);
  const result = new Int8Array((rows.length / inner) * stride);
  for (let from = 0; from * inner < rows.length; from += 1)
    result.set(rows.subarray(from * inner, (from + 1) * inner), from * stride);
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
