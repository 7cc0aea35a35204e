import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { dspMatmulS16 } from '../kernels/arm-dsp/halfwords-kernel.js';
import { dspMatmul, dspMatvec } from '../kernels/arm-dsp/matmul-kernel.js';
import { mveMatmulS16 } from '../kernels/arm-mve/halfwords-kernel.js';
import { mveMatmul, mveMatvec } from '../kernels/arm-mve/matmul-kernel.js';
import { v6mMatmul, v7mMatmul } from '../kernels/arm-scalar/conv-kernel.js';
import { v6mMatvec, v6mWideMatvec, v7mMatvec } from '../kernels/arm-scalar/matvec-kernel.js';
import { cmsisBatchMatmul } from '../kernels/cmsis-nn/batch-matmul.js';
import {
  cmsisFullyConnected,
  cmsisFullyConnectedPerChannel,
  cmsisMatmul,
} from '../kernels/cmsis-nn/fully-connected.js';
import { cmsisFullyConnectedS16, cmsisMatmulS16 } from '../kernels/cmsis-nn/halfwords.js';
import { packedProducts } from '../kernels/dynamic.js';
import { espFullyConnected, espFullyConnectedPerChannel, espMatmul } from '../kernels/esp-nn/fully-connected.js';
import { pieMatmul } from '../kernels/pie/conv.js';
import { rv32Matmul, rv32MatmulOfPairs } from '../kernels/riscv/conv-kernel.js';
import { rv32Matvec } from '../kernels/riscv/matvec-kernel.js';
import { whereItPays } from '../kernels/where-it-pays.js';
import { lxMatmul } from '../kernels/xtensa/conv-kernel.js';
import { defineOp, type Inferred, type LowerContext, type NodeView } from './define.js';
import * as conv from './shared/convolution.js';
import { isFloat } from './shared/elementwise.js';
import { halfwordRows } from './shared/halfwords.js';
import { matrixCall } from './shared/matrix-call.js';
import { broadcastShapes, broadcastStrides, forEachOffset, mergeDimensions } from './shared/shapes.js';

export default defineOp({
  name: 'MatMul',
  domain: '',
  opsets: [1, 9, 13],
  summary: 'constant or computed right side, batches with broadcasting; quantized right side per tensor or per column',
  inputs: [{ name: 'A' }, { name: 'B' }, { name: 'bias', optional: true }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'integer',
  infer: (view) => [inferMatMul(view)],
  evaluate: (view, [a, b, bias]) => [evaluateMatMul(view, a!, b!, bias)],
  kernels: [
    cmsisFullyConnected,
    cmsisFullyConnectedPerChannel,
    cmsisMatmul,
    cmsisFullyConnectedS16,
    cmsisMatmulS16,
    espFullyConnected,
    espFullyConnectedPerChannel,
    espMatmul,
    cmsisBatchMatmul(productSizes),
    mveMatvec,
    mveMatmul,
    dspMatvec,
    dspMatmul,
    mveMatmulS16,
    dspMatmulS16,
    whereItPays(v7mMatvec),
    whereItPays(v6mWideMatvec),
    whereItPays(v6mMatvec),
    whereItPays(rv32Matvec),
    v7mMatmul,
    v6mMatmul,
    rv32Matmul,
    rv32MatmulOfPairs,
    pieMatmul,
    lxMatmul,
    {
      function: 'nanoc_matmul_s8',
      family: 'portable',
      when: (context) => hasConstantWeights(context),
      build: (context) => ({ call: constantCall(context) }),
    },
    ...packedProducts((context) => dynamicCall(context, 'nanoc_matmul_dynamic_s8'), whyNotDynamic),
    {
      function: 'nanoc_matmul_dynamic_s8',
      family: 'portable',
      when: (context) => whyNotDynamic(context) ?? true,
      build: (context) => ({ call: dynamicCall(context, 'nanoc_matmul_dynamic_s8') }),
    },
    {
      function: 'nanoc_matmul_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatCall(context) }),
    },
    {
      function: 'nanoc_matmul_s16',
      family: 'portable',
      takes: 'int16',
      when: (context) => hasConstantWeights(context),
      build: (context) => ({ call: halfwordsCall(context) }),
    },
    {
      function: 'nanoc_matmul_dynamic_s16',
      family: 'portable',
      takes: 'int16',
      when: (context) => context.required(1).dtype === 'int16' || `the right side is ${context.required(1).dtype}`,
      build: (context) => ({ call: dynamicCall(context, 'nanoc_matmul_dynamic_s16') }),
    },
  ],
});

interface Geometry {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Dimensions before the matrices, of the output. */
  readonly batch: readonly number[];
  /** Strides of a and b over `batch`, in elements. */
  readonly aStrides: readonly number[];
  readonly bStrides: readonly number[];
}

/** numpy.matmul: a vector on the left is a row, on the right a column. */
function geometry(view: NodeView): Geometry {
  const a = view.required(0).shape;
  const b = view.required(1).shape;
  if (a.length === 0 || b.length === 0)
    view.bad('a scalar cannot be multiplied', { expected: 'at least one dimension' });
  const left = a.length === 1 ? [1, a[0]!] : a;
  const right = b.length === 1 ? [b[0]!, 1] : b;
  const [rows, inner] = left.slice(-2) as [number, number];
  const [depth, columns] = right.slice(-2) as [number, number];
  if (inner !== depth) view.bad(`[${a}] times [${b}]`, { expected: `${inner} rows on the right side` });
  const batch = broadcastShapes(view, left.slice(0, -2), right.slice(0, -2));
  const scaled = (shape: readonly number[], size: number) =>
    broadcastStrides(shape, batch).map((stride) => stride * size);
  return {
    rows,
    inner,
    columns,
    batch,
    aStrides: scaled(left.slice(0, -2), rows * inner),
    bStrides: scaled(right.slice(0, -2), inner * columns),
  };
}

function inferMatMul(view: NodeView): Inferred {
  const { rows, columns, batch } = geometry(view);
  const a = view.required(0);
  const shape = [...batch];
  if (a.shape.length > 1) shape.push(rows);
  if (view.required(1).shape.length > 1) shape.push(columns);
  return { dtype: a.dtype, shape };
}

function evaluateMatMul(view: NodeView, a: Tensor, b: Tensor, bias: Tensor | undefined): Tensor {
  const { rows, inner, columns, batch, aStrides, bStrides } = geometry(view);
  const A = view.required(0);
  const B = view.required(1);
  const Y = view.output(0);
  const finish = conv.finisher(view, A, B);
  const float = A.quantization === undefined;
  const za = conv.zeroOf(A);
  const zb = float ? new Int32Array(columns) : conv.weightZeroPoints(B, columns);
  const left = a.data as Float32Array;
  const right = b.data as Float32Array;
  const result = allocate(Y.dtype, elementCount(Y.shape)) as Float32Array;
  let to = 0;
  forEachOffset(batch, [aStrides, bStrides], (_, [aStart, bStart]) => {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        let sum = bias === undefined ? 0 : Number(bias.data[column]);
        let i = aStart! + row * inner;
        let j = bStart! + column;
        for (let k = 0; k < inner; k += 1) {
          if (float) sum = Math.fround(sum + Math.fround(left[i]! * right[j]!));
          else sum += (left[i]! - za) * (right[j]! - zb[column]!);
          i += 1;
          j += columns;
        }
        result[to++] = finish(sum, column);
      }
    }
  });
  return { dtype: Y.dtype, shape: Y.shape, data: result };
}

function hasConstantWeights(context: LowerContext): true | string {
  if (context.required(0).quantization === undefined) return 'the inputs are float32';
  const b = context.required(1);
  if (b.constant === undefined) return 'the right side is computed at run time';
  return b.shape.length <= 2 || 'the right side has batches';
}

function call(
  context: LowerContext,
  name: string,
  fields: Record<string, ParamValue>,
  extra: Partial<KernelCall> = {},
): KernelCall {
  const y = context.output(0);
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/matmul.h',
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: context.required(0).name, access: 'read' },
      { kind: 'value', value: context.required(1).name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: `${name}_params`, fields },
    ],
    overlaps: [],
    macs: conv.macsOf(y, geometry(context).inner),
    ...extra,
  };
}

function constantCall(context: LowerContext): KernelCall {
  const { rows, inner, columns, batch } = geometry(context);
  const [x, w] = [context.required(0), context.required(1)];
  const turned = conv.transposed(conv.constantOf(context, 1).data as Int8Array, inner);
  const bias = context.input(2) === undefined ? undefined : (conv.constantOf(context, 2).data as Int32Array);
  const packed = conv.packWeights(turned, columns, inner, 1, conv.weightZeroPoints(w, columns), bias, x);
  return matrixCall(context, packed, rows * elementCount(batch), inner, columns);
}

function halfwordsCall(context: LowerContext): KernelCall {
  const { rows, inner, columns, batch } = geometry(context);
  const weights = conv.transposed(conv.constantOf(context, 1).data as Int8Array, inner);
  return halfwordRows(context, weights, rows * elementCount(batch), inner, columns);
}

/** The same as plain numbers; a step that one loop cannot walk is a diagnostic. */
function productSizes(context: LowerContext) {
  const { rows, inner, columns } = geometry(context);
  const number = (field: ParamValue) => ('int' in field ? field.int : 0);
  const { batches, a_step, b_step } = batchFields(context) as Record<'batches' | 'a_step' | 'b_step', ParamValue>;
  return { rows, inner, columns, batches: number(batches), aStep: number(a_step), bStep: number(b_step) };
}

/** Batches as one loop with a step for each side. */
function batchFields(context: LowerContext): Record<string, ParamValue> {
  const { rows, inner, columns, batch, aStrides, bStrides } = geometry(context);
  const { shape, strides } = mergeDimensions(batch, [aStrides, bStrides]);
  if (shape.length > 1) {
    context.bad(`batches [${batch}] repeat in a way that one loop cannot walk`, {
      help: 'expand the smaller side, or split the product',
    });
  }
  return {
    batches: { int: shape[0] ?? 1 },
    rows: { int: rows },
    inner: { int: inner },
    columns: { int: columns },
    a_step: { int: strides[0]![0] ?? 0 },
    b_step: { int: strides[1]![0] ?? 0 },
  };
}

function whyNotDynamic(context: LowerContext): string | undefined {
  if (context.required(0).quantization === undefined) return 'the inputs are float32';
  return hasConstantWeights(context) === true ? 'the right side is constant' : undefined;
}

function dynamicCall(context: LowerContext, name: string): KernelCall {
  const [a, b] = [context.required(0), context.required(1)];
  const zeros = b.quantization!.zeroPoint;
  if (zeros.some((zero) => zero !== zeros[0]))
    context.bad('the right side has several zero points', { expected: 'one' });
  const bias = context.input(2);
  const fields: Record<string, ParamValue> = {
    ...batchFields(context),
    a_zero: { int: conv.zeroOf(a) },
    b_zero: { int: zeros[0]! },
    bias:
      bias === undefined
        ? { text: 'NULL' }
        : { constant: { suffix: 'bias', data: conv.constantOf(context, 2).data, role: 'bias' } },
    output: { fields: conv.outputFields(context, a, b) },
  };
  if (a.dtype === 'int16') return call(context, name, fields, { header: 'nanoc/halfwords.h', alignment: 2 });
  const largest = 255 * 255 * geometry(context).inner;
  const proof = { largest, proven: largest <= conv.INT32_MAX / 2 };
  return call(context, name, fields, { remarks: conv.accumulatorRemarks(proof) });
}

function floatCall(context: LowerContext): KernelCall {
  const fields = {
    ...batchFields(context),
    bias: conv.floatBiasField(context.input(2)),
    ...conv.floatClampFields(context),
  };
  return call(context, 'nanoc_matmul_f32', fields, { alignment: 4 });
}
