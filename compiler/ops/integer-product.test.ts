/** What quantize_dynamic writes: equal to ONNX Runtime, kernels equal to the reference, and one quantization for all products of a row. */
import { describe, expect, it } from 'vitest';
import { target as host } from '../../targets/host/target.js';
import { type BuilderModel, buildModel } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { compile } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { verifyModel } from '../verify/verify.js';

const random = new Random(61);
const floats = (...values: number[]): Tensor => ({
  dtype: 'float32',
  shape: [1, values.length],
  data: Float32Array.from(values),
});
const some = (count: number, low: number, high: number) =>
  Array.from({ length: count }, () => low + random.next() * (high - low));
/** Small enough for the 16-bit steps of CPUs without dot products. */
const bytes = (dtype: 'int8' | 'uint8', ...shape: number[]): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  const from = Array.from({ length: count }, () => random.integer(-64, 63) + (dtype === 'uint8' ? 64 : 0));
  return { dtype, shape, data: dtype === 'int8' ? Int8Array.from(from) : Uint8Array.from(from) };
};

const quantizing = (name: string, x: Tensor): OperatorCase => ({
  name,
  model: {
    opset: 17,
    inputs: [{ name: 'x', dtype: 'float32', shape: x.shape }],
    outputs: [
      { name: 'y', dtype: 'uint8', shape: x.shape },
      { name: 's', dtype: 'float32', shape: [] },
      { name: 'z', dtype: 'uint8', shape: [] },
    ],
    nodes: [{ op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['y', 's', 'z'] }],
  },
  inputs: { x },
});

interface Product {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly a: 'int8' | 'uint8';
  readonly b: 'int8' | 'uint8';
  readonly zeros: 'none' | 'tensor' | 'columns';
}

function product({ rows, inner, columns, a, b, zeros }: Product): OperatorCase {
  const own = { none: [], tensor: [bytes(b)], columns: [bytes(b, columns)] }[zeros];
  return {
    name: JSON.stringify({ rows, inner, columns, a, b, zeros }),
    model: {
      opset: 17,
      inputs: [
        { name: 'a', dtype: a, shape: [rows, inner] },
        { name: 'az', dtype: a, shape: [] },
      ],
      outputs: [{ name: 'y', dtype: 'int32', shape: [rows, columns] }],
      initializers: [{ name: 'b', tensor: bytes(b, inner, columns) }, ...own.map((tensor) => ({ name: 'bz', tensor }))],
      nodes: [
        {
          op: 'MatMulInteger',
          inputs: ['a', 'b', ...(zeros === 'none' ? [] : ['az', 'bz'])],
          outputs: ['y'],
        },
      ],
    },
    inputs: { a: bytes(a, rows, inner), az: bytes(a) },
  };
}

/** Two products of the same row, as quantize_dynamic writes them. */
function dynamicModel(inner: number, columns: readonly number[], zeros: boolean): BuilderModel {
  const each = columns.map((count, i) => ({ count, i }));
  return {
    opset: 17,
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, inner] }],
    outputs: each.map(({ count, i }) => ({ name: `y${i}`, dtype: 'float32', shape: [1, count] })),
    initializers: each.flatMap(({ count, i }) => [
      { name: `w${i}`, tensor: bytes('int8', inner, count) },
      { name: `z${i}`, tensor: zeros ? bytes('int8', count) : { dtype: 'int8', shape: [], data: Int8Array.of(0) } },
      {
        name: `s${i}`,
        tensor: {
          dtype: 'float32',
          shape: zeros ? [count] : [],
          data: Float32Array.from(some(zeros ? count : 1, 0.01, 0.02)),
        },
      },
    ]),
    nodes: [
      { op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 's', 'z'] },
      ...each.flatMap(({ i }) => [
        { op: 'Mul', inputs: ['s', `s${i}`], outputs: [`scales${i}`] },
        { op: 'MatMulInteger', inputs: ['q', `w${i}`, 'z', `z${i}`], outputs: [`p${i}`] },
        { op: 'Cast', inputs: [`p${i}`], outputs: [`f${i}`], attributes: { to: 1 } },
        { op: 'Mul', inputs: [`f${i}`, `scales${i}`], outputs: [`y${i}`] },
      ]),
    ],
  };
}

describe('DynamicQuantizeLinear', () => {
  const cases = [
    quantizing('both signs', floats(...some(40, -3, 5))),
    quantizing('above 0', floats(...some(9, 0.5, 2))),
    quantizing('below 0', floats(...some(9, -2, -0.5))),
    quantizing('zeros', floats(0, 0, -0)),
    quantizing('ties', floats(-127.5, 127.5, 0.5, 1.5, 2.5, -0.5)),
    quantizing('large and small', floats(3e38, -1e38, 1e-30)),
  ];
  it.each(cases)('$name: as ONNX Runtime', async (item) => {
    const { expected } = compileCase(item);
    const onnx = await runOnnx(item);
    for (const name of ['y', 's', 'z']) expect(expected.get(name)!.data, name).toEqual(onnx.get(name)!.data);
  });

  it('the kernel', async () => {
    await runKernels(cases.map((item) => compileCase(item)));
  });
});

describe('MatMulInteger', () => {
  const cases = (['int8', 'uint8'] as const).flatMap((b) =>
    (['none', 'tensor', 'columns'] as const).map((zeros) =>
      product({ rows: 2, inner: 13, columns: 5, a: 'uint8', b, zeros }),
    ),
  );
  it.each(cases)('$name: as ONNX Runtime', async (item) => {
    expect(compileCase(item).expected.get('y')!.data).toEqual((await runOnnx(item)).get('y')!.data);
  });

  it('the kernel', async () => {
    const signed = product({ rows: 1, inner: 8, columns: 3, a: 'int8', b: 'int8', zeros: 'tensor' });
    await runKernels([...cases, signed].map((item) => compileCase(item)));
  });

  it('says what is wrong with it', () => {
    const item = product({ rows: 1, inner: 8, columns: 3, a: 'uint8', b: 'int8', zeros: 'columns' });
    const rows = {
      ...item.model,
      inputs: [item.model.inputs[0]!, { name: 'az', dtype: 'uint8' as const, shape: [4] }],
    };
    expect(() => compileCase({ ...item, model: rows })).toThrow(/"az" is uint8/);
  });
});

/** MatMulIntegerToFloat of one row whose sum and zero point times the sum of the row both leave 32 bits. */
function wrappingProduct(): OperatorCase {
  const inner = 70_000;
  const column = (count: number, value: number): Tensor => ({
    dtype: 'int8',
    shape: [count, 1],
    data: new Int8Array(count).fill(value),
  });
  return {
    name: 'wrapping',
    model: {
      opset: 17,
      inputs: [
        { name: 'a', dtype: 'uint8', shape: [1, inner] },
        { name: 's', dtype: 'float32', shape: [] },
        { name: 'az', dtype: 'uint8', shape: [] },
      ],
      outputs: [{ name: 'y', dtype: 'float32', shape: [1, 1] }],
      initializers: [
        { name: 'b', tensor: column(inner, 127) },
        { name: 'bs', tensor: { dtype: 'float32', shape: [1], data: Float32Array.of(0.5) } },
        { name: 'bz', tensor: { ...column(1, -128), shape: [1] } },
      ],
      nodes: [
        {
          op: 'MatMulIntegerToFloat',
          domain: 'com.microsoft',
          inputs: ['a', 'b', 's', 'bs', 'az', 'bz'],
          outputs: ['y'],
        },
      ],
    },
    inputs: {
      a: { dtype: 'uint8', shape: [1, inner], data: new Uint8Array(inner).fill(255) },
      s: { dtype: 'float32', shape: [], data: Float32Array.of(1) },
      az: { dtype: 'uint8', shape: [], data: Uint8Array.of(0) },
    },
  };
}

describe('products of a row that is quantized at run time', () => {
  it('wrap as sums do, without overflow in C', async () => {
    await runKernels([compileCase(wrappingProduct())]);
  });

  const shapes = [
    [64, [8, 5], false],
    [30, [7, 4], true],
  ] as const;
  it.each(shapes)('%i inputs, %j columns, zero points %s', async (inner, columns, zeros) => {
    const model = dynamicModel(inner, columns, zeros);
    const vectors = [some(inner, -2, 3), some(inner, 0, 1), new Array(inner).fill(0)].map(
      (values) => new Map([['x', floats(...values)]]),
    );
    const compilation = await compile({ fileName: 'dynamic.onnx', bytes: buildModel(model) }, { target: 'cortex-m4' });
    expect(compilation.plan.calls.map((call) => call.function)).toEqual([
      'nanoc_dynamic_quantize',
      'nanoc_integer_product_dsp',
      'nanoc_integer_product_dsp',
    ]);
    const set = { vectors, labels: ['a', 'b', 'c'] };
    for (const each of [host, compilation.target]) {
      const options = { onnxRuntime: each === host ? ('require' as const) : ('off' as const), sanitize: each === host };
      const result = await verifyModel({ ...compilation, target: each }, set, options);
      expect(result.firstDivergence).toBeUndefined();
      expect(result.passed).toBe(true);
      if (each === host) expect(result.onnxRuntime!.differing).toBe(0);
    }
    const item = { name: 'dynamic', model, inputs: { x: vectors[0]!.get('x')! } };
    await runKernels([compileCase(item)]);
  });
});
