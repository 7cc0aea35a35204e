import { describe, expect, it } from 'vitest';
import { type BuilderModel, type BuilderNode, buildModel } from '../../../test/support/onnx-builder.js';
import { Random } from '../../../test/support/random.js';
import { compile } from '../../index.js';
import type { Tensor } from '../../ir/tensor.js';
import { verifyModel } from '../../verify/verify.js';
import { dequantizeTable, int8Rows } from './quantized-tables.js';

const ROWS = 24;
const COLUMNS = 32;
const random = new Random(24);
const table: Tensor = {
  dtype: 'float32',
  shape: [ROWS, COLUMNS],
  data: Float32Array.from({ length: ROWS * COLUMNS }, () => random.next() * 2 - 1),
};
const scalar = (dtype: 'float32' | 'int8', value: number): Tensor => ({
  dtype,
  shape: [],
  data: dtype === 'int8' ? Int8Array.of(value) : Float32Array.of(value),
});

/** int8 output weights [columns, rows], with a scale for each row of the table, as ONNX Runtime's quantizer leaves them. */
function byteHead(): Pick<BuilderModel, 'nodes' | 'initializers'> {
  const { weights, scales } = int8Rows(table);
  const turned = Int8Array.from(weights, (_, i) => weights[(i % ROWS) * COLUMNS + Math.floor(i / ROWS)]!);
  const pair = (from: string, to: string): BuilderNode[] => [
    { op: 'QuantizeLinear', inputs: [from, `${to}_scale`, 'zero'], outputs: [`${to}_q`] },
    { op: 'DequantizeLinear', inputs: [`${to}_q`, `${to}_scale`, 'zero'], outputs: [to] },
  ];
  return {
    initializers: [
      { name: 'w', tensor: { dtype: 'int8', shape: [COLUMNS, ROWS], data: turned } },
      { name: 'w_scale', tensor: { dtype: 'float32', shape: [ROWS], data: Float32Array.from(scales) } },
      { name: 'x_scale', tensor: scalar('float32', 0.008) },
      { name: 'y_scale', tensor: scalar('float32', 0.1) },
      { name: 'zero', tensor: scalar('int8', 3) },
    ],
    nodes: [
      ...pair('row', 'x'),
      { op: 'DequantizeLinear', inputs: ['w', 'w_scale'], outputs: ['head'], attributes: { axis: 1 } },
      { op: 'MatMul', inputs: ['x', 'head'], outputs: ['product'] },
      ...pair('product', 'y'),
    ],
  };
}

/** 4-bit output weights: a step of each block is its largest element over 7. */
function nbitsHead(): Pick<BuilderModel, 'nodes' | 'initializers'> {
  const data = table.data as Float32Array;
  const blocks = COLUMNS / 16;
  const scales = Float32Array.from({ length: ROWS * blocks }, (_, b) =>
    data.subarray(16 * b, 16 * b + 16).reduce((most, x) => Math.max(most, Math.abs(x) / 7), 0),
  );
  const field = (i: number) => Math.round(data[i]! / scales[Math.floor(i / 16)]!) + 8;
  const packed = Uint8Array.from({ length: data.length / 2 }, (_, i) => field(2 * i) | (field(2 * i + 1) << 4));
  return {
    initializers: [
      { name: 'w', tensor: { dtype: 'uint8', shape: [ROWS, blocks, 8], data: packed } },
      { name: 'w_scale', tensor: { dtype: 'float32', shape: [ROWS * blocks], data: scales } },
    ],
    nodes: [
      {
        op: 'MatMulNBits',
        domain: 'com.microsoft',
        inputs: ['row', 'w', 'w_scale'],
        outputs: ['y'],
        attributes: { K: COLUMNS, N: ROWS, bits: 4, block_size: 16, accuracy_level: 4 },
      },
    ],
  };
}

function modelOf({ nodes, initializers }: Pick<BuilderModel, 'nodes' | 'initializers'>): BuilderModel {
  return {
    opset: 17,
    inputs: [{ name: 'token', dtype: 'int64', shape: [1] }],
    outputs: [
      { name: 'y', dtype: 'float32', shape: [1, ROWS] },
      { name: 'row', dtype: 'float32', shape: [1, COLUMNS] },
    ],
    initializers: [{ name: 'embedding', tensor: table }, ...(initializers ?? [])],
    nodes: [{ op: 'Gather', inputs: ['embedding', 'token'], outputs: ['row'] }, ...nodes],
  };
}

const tokens: Tensor[] = [0n, 5n, 23n].map((token) => ({ dtype: 'int64', shape: [1], data: BigInt64Array.of(token) }));

async function verified(model: BuilderModel, embedding: string) {
  const source = { fileName: 'tied.onnx', bytes: buildModel(model) };
  const compilation = await compile(source, { target: 'host', embeddings: [embedding] });
  const set = { vectors: tokens.map((token) => new Map([['token', token]])), labels: ['a', 'b', 'c'] };
  return { compilation, result: await verifyModel(compilation, set, { onnxRuntime: 'require' }) };
}

describe('--embedding', () => {
  it.each([
    ['int8', byteHead()],
    ['tied', byteHead()],
    ['int8', nbitsHead()],
    ['tied', nbitsHead()],
  ])('%s: the device computes the changed model, and so does ONNX Runtime', async (form, head) => {
    const { compilation, result } = await verified(modelOf(head), `embedding=${form}`);
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
    expect(result.onnxRuntime!.tensors.find(({ tensor }) => tensor === 'row')!.differing).toBe(0);
    expect(compilation.graph.values.has('embedding')).toBe(false);
    expect(compilation.diagnostics.map(({ code }) => code)).toContain('NC0311');
  });

  it('a row of int8 is no further than half a step away', () => {
    const quantized = int8Rows(table);
    const near = dequantizeTable(quantized).data as Float32Array;
    (table.data as Float32Array).forEach((value, i) => {
      const step = quantized.scales[Math.floor(i / COLUMNS)]!;
      expect(Math.abs(near[i]! - value)).toBeLessThanOrEqual(step / 2 + 1e-7);
    });
  });

  it('says what is wrong', async () => {
    const build = (embedding: string, head = byteHead()) => verified(modelOf(head), embedding);
    await expect(build('embeding=tied')).rejects.toThrow(/no float table "embeding"/);
    await expect(build('embedding=int9')).rejects.toThrow(/not of the form/);
    await expect(build('embedding')).rejects.toThrow(/not of the form/);
    const { nodes, initializers = [] } = byteHead();
    const other = initializers.map(({ name, tensor }) => ({
      name,
      tensor: name === 'w' ? { ...tensor, data: (tensor.data as Int8Array).map((w) => -w) } : tensor,
    }));
    await expect(build('embedding=tied', { nodes, initializers: other })).rejects.toThrow(/NC0208.*this table/);
  });
});
