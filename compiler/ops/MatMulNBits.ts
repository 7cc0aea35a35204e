import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { nbits4Kernels } from '../kernels/nbits4.js';
import { clamp, roundHalfEven } from '../numerics/round.js';
import { defineOp, type Inferred, type LowerContext, type NodeView } from './define.js';
import { constantOf, macsOf } from './shared/convolution.js';
import { type Geometry, geometry, zeroPointsOf } from './shared/matmul-nbits.js';
import { bitsAttribute, fieldOf, zeroPointBytes } from './shared/nbits.js';

const f = Math.fround;

/**
 * com.microsoft.MatMulNBits: Y = A * dequantize(B)', B being quantized along K in blocks, each with a scale and a zero point.
 *
 * `accuracy_level` 4 lets the product be one of integers, as ONNX Runtime computes it then: each block of a row of A becomes int8
 * with the scale max|a| / 127, rounded half to even; sums of a block are exact, and their products with both scales are added in
 * float32, in the order of the blocks. Otherwise all is float32, in the order of K.
 */
export default defineOp({
  name: 'MatMulNBits',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'weights of 2, 4 or 8 bits in blocks along K, with zero points; accuracy_level 4: int8 activations; no g_idx',
  inputs: [
    { name: 'A' },
    { name: 'B', mustBeConstant: true },
    { name: 'scales', mustBeConstant: true },
    { name: 'zero_points', optional: true, mustBeConstant: true },
    { name: 'g_idx', optional: true },
    { name: 'bias', optional: true, mustBeConstant: true },
  ],
  outputs: ['Y'],
  attributes: {
    K: { type: 'int', required: true },
    N: { type: 'int', required: true },
    bits: bitsAttribute,
    block_size: {
      type: 'int',
      required: true,
      check: (size) =>
        Number(size) >= 16 && Number.isInteger(Math.log2(Number(size)))
          ? undefined
          : `must be a power of two from 16 up, and is ${size}`,
    },
    accuracy_level: { type: 'int', default: 0 },
    weight_prepacked: { type: 'int', default: 0 },
  },
  quantized: 'float',
  infer: (view) => [inferProduct(view)],
  evaluate: (view, [a]) => [evaluateProduct(view, a!)],
  kernels: [
    ...nbits4Kernels(isInteger, (context) => productCall(context, 'nanoc_matmul_nbits_q8')),
    {
      function: 'nanoc_matmul_nbits_q8',
      family: 'portable',
      when: (context) => isInteger(context) || 'accuracy_level asks for float32',
      build: (context) => ({ call: productCall(context, 'nanoc_matmul_nbits_q8') }),
    },
    {
      function: 'nanoc_matmul_nbits_f32',
      family: 'portable',
      when: (context) => !isInteger(context) || 'accuracy_level asks for int8',
      build: (context) => ({ call: productCall(context, 'nanoc_matmul_nbits_f32') }),
    },
  ],
});

/** ONNX Runtime takes 4 to mean int8 and lower levels to mean at least that much more precision. */
function isInteger(view: NodeView): boolean {
  return view.int('accuracy_level') === 4;
}

function inferProduct(view: NodeView): Inferred {
  const { dtype, shape, name } = view.required(0);
  const { inner, columns, bits, block, blocks } = geometry(view);
  if (dtype !== 'float32') view.bad(`"${name}" is ${dtype}`, { expected: 'float32' });
  if (shape.at(-1) !== inner) view.bad(`A has ${shape.at(-1)} columns`, { expected: `K = ${inner}` });
  if (view.input(4) !== undefined) view.bad('the input g_idx is not supported', { help: 'export without act_order' });
  if (view.int('weight_prepacked') !== 0)
    view.bad('weight_prepacked is not supported', { expected: 'weights in the order of the ONNX text' });
  requireCount(view, 1, columns * blocks * ((block * bits) / 8), 'uint8');
  requireCount(view, 2, columns * blocks, 'float32');
  if (view.input(3) !== undefined) requireCount(view, 3, columns * zeroPointBytes(blocks, bits), 'uint8');
  if (view.input(5) !== undefined) requireCount(view, 5, columns, 'float32');
  return { dtype, shape: [...shape.slice(0, -1), columns] };
}

function requireCount(view: NodeView, index: number, count: number, type: string): void {
  const { name, dtype, shape } = view.required(index);
  if (dtype !== type || elementCount(shape) !== count)
    view.bad(`"${name}" is ${dtype}[${shape}]`, { expected: `${count} elements of ${type}` });
}

/** Weights less their zero points, [columns][blocks * block]. */
function weightsOf(view: NodeView): Int16Array {
  const { columns, bits, block, blocks } = geometry(view);
  const zeros = zeroPointsOf(view);
  const stored = constantOf(view, 1).data as Uint8Array;
  return Int16Array.from(
    { length: columns * blocks * block },
    (_, i) => fieldOf(stored, i, bits) - zeros[Math.floor(i / block)]!,
  );
}

function evaluateProduct(view: NodeView, a: Tensor): Tensor {
  const g = geometry(view);
  const weights = weightsOf(view);
  const scales = constantOf(view, 2).data as Float32Array;
  const bias = view.input(5) === undefined ? undefined : (constantOf(view, 5).data as Float32Array);
  const input = a.data as Float32Array;
  const data = new Float32Array(g.rows * g.columns);
  const product = isInteger(view) ? integerProduct : floatProduct;
  for (let row = 0; row < g.rows; row += 1) {
    const x = input.subarray(row * g.inner, (row + 1) * g.inner);
    product(g, x, weights, scales, bias, data.subarray(row * g.columns, (row + 1) * g.columns));
  }
  const { dtype, shape } = view.output(0);
  return { dtype, shape, data };
}

type Product = (
  g: Geometry,
  x: Float32Array,
  weights: Int16Array,
  scales: Float32Array,
  bias: Float32Array | undefined,
  y: Float32Array,
) => void;

const floatProduct: Product = ({ inner, columns, block, blocks }, x, weights, scales, bias, y) => {
  for (let column = 0; column < columns; column += 1) {
    let sum = bias?.[column] ?? 0;
    for (let k = 0; k < inner; k += 1) {
      const scale = scales[column * blocks + Math.floor(k / block)]!;
      sum = f(sum + f(x[k]! * f(weights[column * blocks * block + k]! * scale)));
    }
    y[column] = sum;
  }
};

const integerProduct: Product = ({ inner, columns, block, blocks }, x, weights, scales, bias, y) => {
  const quantized = Array.from({ length: blocks }, (_, b) => quantizeBlock(x.subarray(b * block, (b + 1) * block)));
  for (let column = 0; column < columns; column += 1) {
    let sum = bias?.[column] ?? 0;
    quantized.forEach(({ scale, q }, b) => {
      let dot = 0;
      const start = (column * blocks + b) * block;
      for (let k = 0; k < q.length && b * block + k < inner; k += 1) dot += q[k]! * weights[start + k]!;
      sum = f(sum + f(dot * f(scale * scales[column * blocks + b]!)));
    });
    y[column] = sum;
  }
};

/** int8 with the scale max|x| / 127; zeros where all are 0. */
function quantizeBlock(x: Float32Array): { scale: number; q: Int8Array } {
  const largest = x.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 0);
  const inverse = largest === 0 ? 0 : f(127 / largest);
  return { scale: f(largest / 127), q: Int8Array.from(x, (value) => quantize(value, inverse)) };
}

function quantize(value: number, inverse: number): number {
  const scaled = f(value * inverse);
  return Number.isNaN(scaled) ? 0 : clamp(roundHalfEven(scaled), -127, 127);
}

function productCall(context: LowerContext, name: string): KernelCall {
  const g = geometry(context);
  const [x, y] = [context.required(0), context.output(0)];
  const constant = (index: number, suffix: string, role: 'weights' | 'scale' | 'parameters' | 'bias'): ParamValue =>
    context.input(index) === undefined
      ? { text: 'NULL' }
      : { constant: { suffix, data: constantOf(context, index).data, role, alignment: 4 } };
  const fields: Record<string, ParamValue> = {
    rows: { int: g.rows },
    inner: { int: g.inner },
    columns: { int: g.columns },
    bits: { int: g.bits },
    block: { int: g.block },
    weights: constant(1, 'weights', 'weights'),
    scales: constant(2, 'scales', 'scale'),
    zeros: constant(3, 'zeros', 'parameters'),
    bias: constant(5, 'bias', 'bias'),
  };
  const integer = name.endsWith('q8');
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/matmul_nbits.h',
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      ...(integer ? [{ kind: 'scratch' } as const] : []),
      { kind: 'params', struct: 'nanoc_matmul_nbits_params', fields },
    ],
    ...(integer ? { scratch: { bytes: 4 * g.blocks + g.blocks * g.block, alignment: 4 } } : {}),
    overlaps: [],
    alignment: 4,
    macs: macsOf(y, g.inner),
  };
}
