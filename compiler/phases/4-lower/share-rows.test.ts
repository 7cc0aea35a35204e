import { describe, expect, it } from 'vitest';
import { target as host } from '../../../targets/host/target.js';
import { type BuilderModel, buildModel } from '../../../test/support/onnx-builder.js';
import { Random } from '../../../test/support/random.js';
import { compile } from '../../index.js';
import type { Tensor } from '../../ir/tensor.js';
import { verifyModel } from '../../verify/verify.js';

const random = new Random(40);
const floats = (shape: readonly number[], least: number): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: count }, () => least + random.next() / 50) };
};
const bytes = (shape: readonly number[]): Uint8Array =>
  Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.integer(0, 255));
const scalar = (name: string, dtype: 'float32' | 'int8', value: number) => ({
  name,
  tensor: { dtype, shape: [], data: dtype === 'int8' ? Int8Array.of(value) : Float32Array.of(value) } as Tensor,
});

/** A token's row of the table, times the table. */
function model(rows: number, inner: number, head: Pick<BuilderModel, 'nodes' | 'initializers'>): BuilderModel {
  return {
    opset: 21,
    inputs: [{ name: 'token', dtype: 'int64', shape: [1] }],
    outputs: [
      { name: 'y', dtype: 'float32', shape: [1, rows] },
      { name: 'row', dtype: 'float32', shape: [1, inner] },
    ],
    ...head,
  };
}

function byteModel(rows: number, inner: number): BuilderModel {
  const data = Int8Array.from(bytes([rows, inner]), (byte) => Math.max(byte - 128, -127));
  const turned = Int8Array.from(data, (_, i) => data[(i % rows) * inner + Math.floor(i / rows)]!);
  const pair = (from: string, to: string) => [
    { op: 'QuantizeLinear', inputs: [from, `${to}_scale`, 'zero'], outputs: [`${to}_q`] },
    { op: 'DequantizeLinear', inputs: [`${to}_q`, `${to}_scale`, 'zero'], outputs: [to] },
  ];
  const table: Tensor = { dtype: 'int8', shape: [rows, inner], data };
  return model(rows, inner, {
    initializers: [
      { name: 'table', tensor: table },
      { name: 'w', tensor: { dtype: 'int8', shape: [inner, rows], data: turned } },
      { name: 's', tensor: floats([rows], 0.01) },
      ...[scalar('x_scale', 'float32', 0.02), scalar('p_scale', 'float32', 0.3), scalar('zero', 'int8', 3)],
    ],
    nodes: [
      { op: 'DequantizeLinear', inputs: ['table', 's'], outputs: ['embedding'], attributes: { axis: 0 } },
      { op: 'Gather', inputs: ['embedding', 'token'], outputs: ['row'] },
      ...pair('row', 'x'),
      { op: 'DequantizeLinear', inputs: ['w', 's'], outputs: ['head'], attributes: { axis: 1 } },
      { op: 'MatMul', inputs: ['x', 'head'], outputs: ['product'] },
      ...pair('product', 'p'),
      { op: 'Identity', inputs: ['p'], outputs: ['y'] },
    ],
  });
}

function nbitsModel(rows: number, inner: number, zeros: boolean): BuilderModel {
  const blocks = Math.ceil(inner / 16);
  const own = zeros
    ? [
        {
          name: 'z',
          tensor: {
            dtype: 'uint8',
            shape: [rows, Math.ceil(blocks / 2)],
            data: bytes([rows, Math.ceil(blocks / 2)]),
          } as Tensor,
        },
      ]
    : [];
  const rest = zeros ? ['z'] : [];
  const [table, w] = [
    [rows, blocks * 8],
    [rows, blocks, 8],
  ].map((shape) => ({ dtype: 'uint8', shape }) as const);
  const data = bytes([rows, blocks * 8]);
  return model(rows, inner, {
    initializers: [
      { name: 'table', tensor: { ...table!, data } },
      { name: 'w', tensor: { ...w!, data } },
      { name: 's', tensor: floats([rows, blocks], 0.01) },
      ...own,
    ],
    nodes: [
      {
        op: 'GatherBlockQuantized',
        domain: 'com.microsoft',
        inputs: ['table', 'token', 's', ...rest],
        outputs: ['row'],
        attributes: { bits: 4, block_size: 16, gather_axis: 0, quantize_axis: 1 },
      },
      {
        op: 'MatMulNBits',
        domain: 'com.microsoft',
        inputs: ['row', 'w', 's', ...rest],
        outputs: ['y'],
        attributes: { K: inner, N: rows, bits: 4, block_size: 16, accuracy_level: 4 },
      },
    ],
  });
}

async function checked(described: BuilderModel, rows: number, target: string, kernel: string, size = false) {
  const source = { fileName: 'tied.onnx', bytes: buildModel(described) };
  const compilation = await compile(source, { target, ...(size ? { optimize: 'size' as const } : {}) });
  expect(compilation.plan.calls.map((call) => call.function)).toContain(kernel);
  const tokens = [0, 1, rows - 2, rows - 1, Math.floor(rows / 2), -1, rows + 5];
  const vectors = tokens.map(
    (token) => new Map([['token', { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(token)) } as Tensor]]),
  );
  const set = { vectors, labels: tokens.map(String) };
  const result = await verifyModel({ ...compilation, target: host }, set, { onnxRuntime: 'off', sanitize: true });
  expect(result.firstDivergence).toBeUndefined();
  expect(result.passed).toBe(true);
}

describe('a table that is the weights of a product', () => {
  it.each([
    [152, 32],
    [26, 36],
    [7, 20],
  ])('is read from the stream of the DSP extension: %i rows of %i', async (rows, inner) => {
    await checked(byteModel(rows, inner), rows, 'cortex-m4', 'nanoc_gather_dsp');
    await checked(byteModel(rows, inner), rows, 'cortex-m4', 'nanoc_gather_dsp', true);
  });

  it.each(['cortex-m4', 'cortex-m55', 'cortex-m3', 'lx7'])('is read from the 4-bit weights of %s', async (target) => {
    await checked(nbitsModel(24, 64, false), 24, target, 'nanoc_gather_nbits4');
    await checked(nbitsModel(6, 48, true), 6, target, 'nanoc_gather_nbits4');
  });

  it('is stored itself where it has other numbers', async () => {
    const other = byteModel(24, 32);
    const data = other.initializers!.find(({ name }) => name === 'table')!.tensor.data as Int8Array;
    data[5] = data[5] === 1 ? 2 : 1;
    await checked(other, 24, 'cortex-m4', 'nanoc_gather_blocks');
  });
});
