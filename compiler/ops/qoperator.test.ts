/** QOperator forms: against ONNX Runtime's own kernels, and the kernels equal to the reference. */
import { describe, expect, it } from 'vitest';
import type { BuilderAttribute, BuilderNode } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { allocate, elementCount, integerRange, type Tensor } from '../ir/tensor.js';

const random = new Random(3);
type Byte = 'int8' | 'uint8';

function bytes(dtype: Byte, shape: readonly number[]): Tensor {
  const [low, high] = integerRange(dtype);
  const data = (allocate(dtype, elementCount(shape)) as Int8Array).map(() => random.integer(low, high));
  return { dtype, shape, data };
}

const vector = (dtype: Byte, values: readonly number[]): Tensor => ({
  dtype,
  shape: values.length === 1 ? [] : [values.length],
  data: (dtype === 'int8' ? Int8Array : Uint8Array).from(values),
});
const scales = (...values: number[]): Tensor => ({
  dtype: 'float32',
  shape: values.length === 1 ? [] : [values.length],
  data: Float32Array.from(values),
});
const bias = (count: number): Tensor => ({
  dtype: 'int32',
  shape: [count],
  data: Int32Array.from({ length: count }, () => random.integer(-2000, 2000)),
});

interface Form {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly (Tensor | 'omitted')[];
  /** Indices of the inputs that are given at run time. */
  readonly data: readonly number[];
  readonly output: Byte | 'float32';
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
}

function caseOf({ op, domain = '', inputs, data, output, attributes = {} }: Form): OperatorCase {
  const names = inputs.map((tensor, i) => (tensor === 'omitted' ? '' : `i${i}`));
  const node: BuilderNode = { op, domain, inputs: names, outputs: ['y'], attributes };
  const given = (i: number) => inputs[i] as Tensor;
  return {
    name: `${op} ${output} ${inputs.map((t) => (t === 'omitted' ? '-' : `[${t.shape}]`)).join(' ')} ${JSON.stringify(attributes)}`,
    model: {
      opset: 17,
      inputs: data.map((i) => ({ name: names[i]!, dtype: given(i).dtype, shape: given(i).shape })),
      outputs: [{ name: 'y', dtype: output, shape: [] }],
      initializers: inputs.flatMap((tensor, i) =>
        tensor === 'omitted' || data.includes(i) ? [] : [{ name: names[i]!, tensor }],
      ),
      nodes: [node],
    },
    inputs: Object.fromEntries(data.map((i) => [names[i]!, given(i)])),
  };
}

async function check(cases: readonly OperatorCase[], steps = 0): Promise<void> {
  const compiled = cases.map((item) => {
    try {
      return compileCase(item);
    } catch (error) {
      throw new Error(`${item.name}: ${error instanceof Error ? error.message : error}`);
    }
  });
  for (const item of compiled) {
    const onnx = (await runOnnx(item, 'all')).get('y')!;
    const reference = item.expected.get('y')!;
    expect(reference.shape.join(), item.name).toBe(onnx.shape.join());
    Array.from(onnx.data as Float32Array).forEach((wanted, i) => {
      const distance = Math.abs(Number(reference.data[i]) - wanted);
      const allowed = onnx.dtype === 'float32' ? 1e-5 * Math.max(1, Math.abs(wanted)) : steps;
      if (distance > allowed)
        throw new Error(`${item.name}: y[${i}] is ${reference.data[i]}, ONNX Runtime says ${wanted}`);
    });
    const islands = item.diagnostics.list.filter(({ code }) => code === 'NC0301');
    expect(onnx.dtype === 'float32' ? [] : islands, item.name).toEqual([]);
  }
  await runKernels(compiled);
}

describe('QLinearConv', () => {
  const conv = (
    x: Byte,
    w: Byte,
    shape: readonly number[],
    weights: readonly number[],
    perChannel: boolean,
    attributes: Form['attributes'] = {},
    withBias = true,
  ) => {
    const channels = weights[0]!;
    const count = perChannel ? channels : 1;
    const zero = w === 'uint8' ? random.integer(100, 150) : 0;
    return caseOf({
      op: 'QLinearConv',
      inputs: [
        ...[bytes(x, shape), scales(0.03), vector(x, [x === 'int8' ? -5 : 120])],
        ...[
          bytes(w, weights),
          scales(...Array.from({ length: count }, () => 0.005 + random.next() / 50)),
          vector(w, Array<number>(count).fill(zero)),
        ],
        ...[scales(0.31), vector(x, [x === 'int8' ? 9 : 140])],
        withBias ? bias(channels) : 'omitted',
      ],
      data: [0],
      output: x,
      attributes,
    });
  };
  it('equals ONNX Runtime', async () => {
    await check([
      conv('int8', 'int8', [1, 3, 7, 6], [5, 3, 3, 2], true, { pads: [1, 0, 2, 1], strides: [2, 1] }),
      conv('uint8', 'int8', [1, 4, 6, 6], [6, 2, 3, 3], true, { group: 2, auto_pad: 'SAME_UPPER' }),
      conv('uint8', 'uint8', [2, 3, 5, 5], [4, 3, 2, 2], false, { dilations: [2, 1] }, false),
      conv('uint8', 'uint8', [1, 4, 5, 5], [4, 1, 3, 3], false, { group: 4, pads: [1, 1, 1, 1] }),
      conv('uint8', 'uint8', [1, 6, 4, 4], [7, 6, 1, 1], false),
      conv('int8', 'int8', [1, 3, 12], [4, 3, 5], true, { pads: [2, 1], strides: [2] }),
    ]);
  });
});

describe('QLinearMatMul', () => {
  it('equals ONNX Runtime', async () => {
    const matmul = (
      x: Byte,
      w: Byte,
      a: readonly number[],
      b: readonly number[],
      perColumn: boolean,
      constant = true,
    ) => {
      const columns = perColumn ? b.at(-1)! : 1;
      return caseOf({
        op: 'QLinearMatMul',
        inputs: [
          ...[bytes(x, a), scales(0.02), vector(x, [x === 'int8' ? 3 : 130])],
          ...[
            bytes(w, b),
            scales(...Array.from({ length: columns }, () => 0.01 + random.next() / 100)),
            vector(w, Array<number>(columns).fill(w === 'int8' ? 0 : 127)),
          ],
          ...[scales(0.25), vector(x, [x === 'int8' ? -4 : 110])],
        ],
        data: constant ? [0] : [0, 3],
        output: x,
      });
    };
    await check([
      matmul('int8', 'int8', [5, 9], [9, 7], true),
      matmul('uint8', 'uint8', [4, 6], [6, 3], false),
      matmul('uint8', 'int8', [2, 3, 6], [6, 5], false),
      matmul('uint8', 'uint8', [2, 3, 6], [2, 6, 5], false, false),
    ]);
  });
});

describe('QGemm', () => {
  it('equals ONNX Runtime', async () => {
    const gemm = (
      x: Byte,
      w: Byte,
      transB: number,
      options: { bias?: boolean; float?: boolean; alpha?: number } = {},
    ) =>
      caseOf({
        op: 'QGemm',
        domain: 'com.microsoft',
        inputs: [
          ...[bytes(x, [3, 11]), scales(0.02), vector(x, [x === 'int8' ? 3 : 130])],
          ...[bytes(w, transB ? [6, 11] : [11, 6]), scales(0.013), vector(w, [w === 'int8' ? 0 : 127])],
          options.bias === false ? 'omitted' : bias(6),
          ...(options.float ? [] : [scales(0.19), vector(x, [x === 'int8' ? -4 : 110])]),
        ],
        data: [0],
        output: options.float ? 'float32' : x,
        attributes: { transB, alpha: { float: options.alpha ?? 1 } },
      });
    await check([
      gemm('int8', 'int8', 1),
      gemm('uint8', 'uint8', 1),
      gemm('uint8', 'int8', 0, { bias: false }),
      gemm('uint8', 'uint8', 0, { alpha: 0.5 }),
      gemm('int8', 'int8', 1, { float: true }),
    ]);
  });
});

describe('QLinear pools', () => {
  it('are at most one step from ONNX Runtime, with either layout', async () => {
    const pool = (x: Byte, op: string, shape: readonly number[], attributes: Form['attributes']) =>
      caseOf({
        op,
        domain: 'com.microsoft',
        inputs: [
          bytes(x, shape),
          scales(0.05),
          vector(x, [x === 'int8' ? 7 : 90]),
          scales(0.041),
          vector(x, [x === 'int8' ? -9 : 133]),
        ],
        data: [0],
        output: x,
        attributes: attributes ?? {},
      });
    await check(
      [
        pool('int8', 'QLinearAveragePool', [1, 5, 6, 7], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] }),
        pool('uint8', 'QLinearAveragePool', [1, 6, 7, 5], {
          kernel_shape: [3, 2],
          channels_last: 1,
          pads: [1, 0, 1, 1],
          count_include_pad: 1,
        }),
        pool('uint8', 'QLinearGlobalAveragePool', [2, 5, 4, 3], {}),
        pool('int8', 'QLinearGlobalAveragePool', [2, 4, 3, 5], { channels_last: 1 }),
      ],
      1,
    );
  });
});

describe('QLinearConcat', () => {
  it('equals ONNX Runtime', async () => {
    const concat = (x: Byte, axis: number) =>
      caseOf({
        op: 'QLinearConcat',
        domain: 'com.microsoft',
        inputs: [
          ...[scales(0.05), vector(x, [x === 'int8' ? 7 : 90])],
          ...[bytes(x, [2, 3, 4]), scales(0.05), vector(x, [x === 'int8' ? 7 : 90])],
          ...[bytes(x, [2, 3, 4]), scales(0.031), vector(x, [x === 'int8' ? -70 : 190])],
        ],
        data: [2, 5],
        output: x,
        attributes: { axis },
      });
    await check([concat('int8', 1), concat('uint8', 2), concat('uint8', 0)]);
  });
});
