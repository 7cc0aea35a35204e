/** QuantizeLinear, DequantizeLinear, Cast: against ONNX Runtime, the reference and the C kernels. */
import { describe, expect, it } from 'vitest';
import { tensorOf } from '../../test/support/elementwise-case.js';
import type { BuilderAttribute } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { type DataType, elementCount, type Tensor } from '../ir/tensor.js';

const random = new Random(17);

interface Linear {
  readonly op: 'QuantizeLinear' | 'DequantizeLinear';
  readonly x: Tensor;
  readonly dtype: DataType;
  readonly scale: readonly number[];
  readonly zero: readonly number[];
  readonly axis?: number;
  readonly domain?: string;
}

function linearCase({ op, x, dtype, scale, zero, axis, domain }: Linear): OperatorCase {
  const integer = op === 'QuantizeLinear' ? dtype : x.dtype;
  const shape = axis === undefined ? [] : [scale.length];
  const initializers = [
    { name: 'scale', tensor: tensorOf('float32', shape, scale) },
    { name: 'zero', tensor: tensorOf(integer, shape, zero) },
  ];
  const attributes: Record<string, BuilderAttribute> = axis === undefined ? {} : { axis };
  return {
    name: `${op} ${x.dtype} ${dtype} ${axis ?? ''}`,
    model: {
      inputs: [{ name: 'x', dtype: x.dtype, shape: x.shape }],
      outputs: [{ name: 'y', dtype, shape: x.shape }],
      initializers,
      nodes: [
        { op, inputs: ['x', 'scale', 'zero'], outputs: ['y'], attributes, ...(domain === undefined ? {} : { domain }) },
      ],
    },
    inputs: { x },
  };
}

/** Ties at this scale, limits, and numbers between. */
function reals(scale: number, shape: readonly number[]): Tensor {
  const special = [0, -0, 1e9, -1e9, 3e38, -3e38, Infinity, -Infinity, 1e-40];
  const ties = Array.from({ length: 600 }, (_, i) => (i - 300) * 0.5 * scale);
  const numbers = [...special, ...ties];
  return tensorOf(
    'float32',
    shape,
    Array.from({ length: elementCount(shape) }, (_, i) => numbers[i] ?? (random.next() - 0.5) * 300 * scale),
  );
}

const bytes = (dtype: 'int8' | 'uint8') =>
  tensorOf(
    dtype,
    [2, 4, 32],
    Array.from({ length: 256 }, (_, i) => (dtype === 'int8' ? i - 128 : i)),
  );
const scales = [0.5, 0.1, 0.037, 2].map(Math.fround);

const linear: Linear[] = [
  ...(['int8', 'uint8'] as const).flatMap((dtype): Linear[] => {
    const base = dtype === 'int8' ? 0 : 128;
    return [
      { op: 'QuantizeLinear', x: reals(0.25, [700]), dtype, scale: [0.25], zero: [base + 3] },
      {
        op: 'QuantizeLinear',
        x: reals(Math.fround(0.1), [1, 7, 100]),
        dtype,
        scale: [Math.fround(0.1)],
        zero: [base - 128],
      },
      { op: 'QuantizeLinear', x: reals(0.5, [2, 4, 80]), dtype, scale: scales, zero: [0, 1, 2, 3], axis: 1 },
      { op: 'QuantizeLinear', x: reals(0.5, [160, 4]), dtype, scale: scales, zero: [9, 1, 2, 3], axis: -1 },
      { op: 'DequantizeLinear', x: bytes(dtype), dtype: 'float32', scale: [Math.fround(0.1)], zero: [base + 5] },
      { op: 'DequantizeLinear', x: bytes(dtype), dtype: 'float32', scale: scales, zero: [0, 3, base, 100], axis: 1 },
      { op: 'DequantizeLinear', x: bytes(dtype), dtype: 'float32', scale: [0.5], zero: [1], domain: 'com.microsoft' },
      { op: 'QuantizeLinear', x: reals(0.25, [700]), dtype, scale: [0.25], zero: [base], domain: 'com.microsoft' },
    ];
  }),
  {
    op: 'DequantizeLinear',
    x: tensorOf('int32', [4], [-2147483648, 2147483647, 16777217, -3]),
    dtype: 'float32',
    scale: [Math.fround(0.001)],
    zero: [0],
  },
];

describe('QuantizeLinear and DequantizeLinear', () => {
  const compiled = linear.map((item) => compileCase(linearCase(item)));

  it('are those of ONNX Runtime, bit for bit', async () => {
    for (const item of compiled) {
      expect(item.expected.get('y')!.data, item.name).toEqual((await runOnnx(item)).get('y')!.data);
    }
  });

  it('are the same in C, over their input, with and without an FPU', async () => {
    await runKernels(compiled);
    await runKernels(compiled, { flags: ['-DNANOC_FPU=0'] });
  });

  it('quantize NaN to the zero point', async () => {
    const x = tensorOf('float32', [3], [Number.NaN, 1, Number.NaN]);
    const item = compileCase(linearCase({ op: 'QuantizeLinear', x, dtype: 'int8', scale: [0.5], zero: [7] }));
    expect([...item.expected.get('y')!.data]).toEqual([7, 9, 7]);
    await runKernels([item]);
    await runKernels([item], { flags: ['-DNANOC_FPU=0'] });
  });

  it('refuse other types', () => {
    const x = tensorOf('float32', [1], [1]);
    const item = linearCase({ op: 'QuantizeLinear', x, dtype: 'int32', scale: [1], zero: [0] });
    expect(() => compileCase(item)).toThrow(/NC0204/);
  });
});

const TYPES: readonly (readonly [DataType, number])[] = [
  ['float32', 1],
  ['uint8', 2],
  ['int8', 3],
  ['int32', 6],
  ['int64', 7],
  ['bool', 9],
];

/** Numbers for which all casts from this type are defined. */
function castable(dtype: DataType): Tensor {
  switch (dtype) {
    case 'float32':
      return tensorOf(dtype, [9], [0, -0, 0.99, -0.99, 1.5, 100.7, 126.999, 3e-40, 2]);
    case 'int8':
      return tensorOf(dtype, [5], [0, 1, 127, -128, -1]);
    case 'uint8':
      return tensorOf(dtype, [5], [0, 1, 127, 128, 255]);
    case 'bool':
      return tensorOf(dtype, [3], [0, 1, 1]);
    case 'int64':
      return {
        dtype,
        shape: [5],
        data: BigInt64Array.from([0n, -1n, 2n ** 33n + 5n, -(2n ** 62n) - 1n, 9007199791611905n]),
      };
    default:
      return tensorOf(dtype, [5], [0, -1, 2147483647, -2147483648, 16777219]);
  }
}

describe('Cast', () => {
  const cases = TYPES.flatMap(([from]) =>
    TYPES.filter(([to]) => to !== from).map(([to, number]): OperatorCase => {
      const x = castable(from);
      const model = {
        inputs: [{ name: 'x', dtype: from, shape: x.shape }],
        outputs: [{ name: 'y', dtype: to, shape: x.shape }],
        nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: number } }],
      };
      return { name: `Cast ${from} to ${to}`, model, inputs: { x } };
    }),
  );
  const compiled = cases.map((item) => compileCase(item));

  it('is that of ONNX Runtime', async () => {
    for (const item of compiled) {
      const onnx = (await runOnnx(item)).get('y')!;
      expect(Array.from(item.expected.get('y')!.data, Number), item.name).toEqual(Array.from(onnx.data, Number));
    }
  });

  it('is the same in C', async () => {
    await runKernels(compiled);
  });

  it('saturates at int64, takes low bits below, and gives 0 for NaN', async () => {
    const x = tensorOf('float32', [5], [Number.NaN, 1e30, -Infinity, 300.5, -129.9]);
    const to = (dtype: DataType, number: number) =>
      compileCase({
        name: `Cast ${dtype}`,
        model: {
          inputs: [{ name: 'x', dtype: 'float32', shape: [5] }],
          outputs: [{ name: 'y', dtype, shape: [5] }],
          nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: number } }],
        },
        inputs: { x },
      });
    const items = [to('int64', 7), to('int8', 3)];
    expect([...items[0]!.expected.get('y')!.data]).toEqual([0n, 2n ** 63n - 1n, -(2n ** 63n), 300n, -129n]);
    expect([...items[1]!.expected.get('y')!.data]).toEqual([0, -1, 0, 44, 127]);
    await runKernels(items);
  });
});
