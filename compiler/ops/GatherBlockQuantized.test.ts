/** GatherBlockQuantized: equal to ONNX Runtime bit for bit, and the kernel equal to the reference. */
import { describe, expect, it } from 'vitest';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import type { Tensor } from '../ir/tensor.js';

const random = new Random(22);
const bytes = (shape: readonly number[]): Tensor => {
  const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.integer(0, 255));
  return { dtype: 'uint8', shape, data };
};

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly block: number;
  readonly zeros?: boolean;
  readonly indices: Tensor;
}

function caseOf({ rows, columns, bits, block, zeros = false, indices }: Shape): OperatorCase {
  const blocks = Math.ceil(columns / block);
  const scale = Float32Array.from({ length: rows * blocks }, () => 0.01 + random.next() / 10);
  const initializers = [
    { name: 'data', tensor: bytes([rows, (columns * bits) / 8]) },
    { name: 'scales', tensor: { dtype: 'float32', shape: [rows, blocks], data: scale } as const },
    ...(zeros ? [{ name: 'zeros', tensor: bytes([rows, Math.ceil((blocks * bits) / 8)]) }] : []),
  ];
  return {
    name: JSON.stringify({ rows, columns, bits, block, zeros }),
    model: {
      opset: 17,
      inputs: [{ name: 'i', dtype: indices.dtype, shape: [...indices.shape] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [...indices.shape, columns] }],
      initializers,
      nodes: [
        {
          op: 'GatherBlockQuantized',
          domain: 'com.microsoft',
          inputs: ['data', 'i', 'scales', ...(zeros ? ['zeros'] : [])],
          outputs: ['y'],
          attributes: { bits, block_size: block },
        },
      ],
    },
    inputs: { i: indices },
  };
}

const several: Tensor = { dtype: 'int64', shape: [2, 2], data: BigInt64Array.of(0n, 6n, -1n, 3n) };
const one: Tensor = { dtype: 'int32', shape: [1], data: Int32Array.of(4) };
const shapes: readonly Shape[] = [
  { rows: 7, columns: 64, bits: 4, block: 32, indices: several },
  { rows: 7, columns: 48, bits: 4, block: 16, zeros: true, indices: one },
  { rows: 7, columns: 40, bits: 8, block: 16, indices: several },
  { rows: 7, columns: 32, bits: 8, block: 32, zeros: true, indices: one },
];

describe('GatherBlockQuantized', () => {
  it('4 and 8 bits: ONNX Runtime and the kernel', async () => {
    const cases = shapes.map((shape) => compileCase(caseOf(shape)));
    for (const item of cases) {
      const onnx = (await runOnnx(item)).get('y')!.data;
      expect(item.expected.get('y')!.data, item.name).toEqual(onnx);
    }
    await runKernels(cases);
  });

  it('2 bits, and indices that are out of range: the kernel', async () => {
    const outside: Tensor = { dtype: 'int32', shape: [3], data: Int32Array.of(-8, 7, -7) };
    const items = [2, 4].map((bits) =>
      compileCase(caseOf({ rows: 7, columns: 24, bits, block: 16, zeros: true, indices: outside })),
    );
    for (const { expected } of items) {
      const rows = expected.get('y')!.data as Float32Array;
      expect(rows.subarray(0, 24)).toEqual(rows.subarray(48, 72));
    }
    await runKernels(items);
  });

  it('says what is wrong with it', () => {
    const item = caseOf(shapes[0]!);
    const node = item.model.nodes[0]!;
    const changed = (attributes: Record<string, number>) =>
      compileCase({
        ...item,
        model: { ...item.model, nodes: [{ ...node, attributes: { ...node.attributes, ...attributes } }] },
      });
    expect(() => changed({ bits: 5 })).toThrow(/bits.*2, 4, 8/s);
    expect(() => changed({ gather_axis: 1 })).toThrow(/gather_axis.*0/s);
    expect(() => changed({ quantize_axis: 0 })).toThrow(/quantize_axis is 0/);
    expect(() => changed({ block_size: 16 })).toThrow(/"scales" is float32/);
  });
});
