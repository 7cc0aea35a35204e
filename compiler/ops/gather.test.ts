/** GatherElements and GatherND against ONNX Runtime, and in C; Gather is in movement.test.ts. */
import { describe, expect, it } from 'vitest';
import { tensorOf } from '../../test/support/elementwise-case.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { type DataType, elementCount } from '../ir/tensor.js';

const random = new Random(43);

interface Spec {
  readonly op: 'GatherElements' | 'GatherND';
  readonly data: readonly number[];
  readonly indices: readonly number[];
  /** GatherElements. */
  readonly axis?: number;
  /** GatherND. */
  readonly batchDims?: number;
  readonly dtype?: DataType;
  readonly indexType?: 'int32' | 'int64';
  readonly isConstant?: boolean;
  /** Instead of indices by chance. */
  readonly values?: readonly number[];
}

function make(spec: Spec): OperatorCase {
  const { op, data, indices, axis = 0, batchDims = 0, dtype = 'float32', indexType = 'int64', isConstant } = spec;
  const depth = indices.at(-1)!;
  const size = (i: number) => data[op === 'GatherND' ? batchDims + (i % depth) : (axis + data.length) % data.length]!;
  const chosen = Array.from({ length: elementCount(indices) }, (_, i) => random.integer(-size(i), size(i) - 1));
  const index = tensorOf(indexType, indices, spec.values ?? chosen);
  const numbers = Array.from({ length: elementCount(data) }, () => random.integer(dtype === 'uint8' ? 0 : -120, 120));
  const x = tensorOf(dtype, data, numbers);
  return {
    name: `${op} ${dtype}[${data}] at ${indexType}[${indices}]`,
    model: {
      opset: 18,
      inputs: [
        { name: 'x', dtype, shape: data },
        ...(isConstant ? [] : [{ name: 'indices', dtype: indexType, shape: indices }]),
      ],
      outputs: [{ name: 'y', dtype, shape: [] }],
      initializers: isConstant ? [{ name: 'indices', tensor: index }] : [],
      nodes: [
        {
          op,
          inputs: ['x', 'indices'],
          outputs: ['y'],
          attributes: op === 'GatherND' ? { batch_dims: batchDims } : { axis },
        },
      ],
    },
    inputs: isConstant ? { x } : { x, indices: index },
  };
}

const specs: readonly Spec[] = [
  { op: 'GatherElements', data: [8, 3], indices: [2, 3] },
  { op: 'GatherElements', data: [3, 4], indices: [3, 9], axis: 1, indexType: 'int32' },
  { op: 'GatherElements', data: [2, 6, 3], indices: [2, 2, 2], axis: -2, dtype: 'int8' },
  { op: 'GatherElements', data: [2, 5, 3, 4], indices: [1, 7, 2, 4], axis: 1, dtype: 'int64' },
  { op: 'GatherElements', data: [2, 2, 3, 2, 3, 2], indices: [2, 2, 3, 1, 5, 2], axis: 4, dtype: 'int16' },
  { op: 'GatherElements', data: [9], indices: [5], isConstant: true },
  { op: 'GatherND', data: [8, 3], indices: [2, 1] },
  { op: 'GatherND', data: [8, 3], indices: [4, 1], dtype: 'int8' },
  { op: 'GatherND', data: [5, 7, 2], indices: [2, 2, 2] },
  { op: 'GatherND', data: [6, 6, 6], indices: [4, 3], dtype: 'int32' },
  { op: 'GatherND', data: [7], indices: [3, 1], isConstant: true },
  { op: 'GatherND', data: [4, 5], indices: [1], dtype: 'uint8' },
  { op: 'GatherND', data: [3, 4, 5], indices: [3, 2, 1], batchDims: 1 },
  { op: 'GatherND', data: [2, 3, 4, 2], indices: [2, 3, 2], batchDims: 2, dtype: 'int16' },
  { op: 'GatherND', data: [2, 3, 4], indices: [2, 3, 1], batchDims: 2, dtype: 'bool' },
  { op: 'GatherND', data: [2, 1, 3, 2, 2, 3], indices: [3, 6], dtype: 'int64' },
];
const compiled = specs.map((spec) => compileCase(make(spec)));

describe('GatherElements and GatherND', () => {
  it('are what ONNX Runtime says', async () => {
    for (const item of compiled) {
      const [onnx, own] = [(await runOnnx(item)).get('y')!, item.expected.get('y')!];
      expect(own.shape, item.name).toEqual(onnx.shape);
      expect([...own.data], item.name).toEqual([...onnx.data]);
    }
  });

  it('are the reference in C', async () => {
    await runKernels(compiled);
  });

  it('a computed index outside is clamped, in C as in the reference', async () => {
    const item = make({ op: 'GatherND', data: [4, 2], indices: [3, 1], values: [4, -5, 1] });
    const tuples = compileCase(item);
    const x = [...item.inputs.x!.data].map(Number);
    const expected = [...x.slice(6), ...x.slice(0, 2), ...x.slice(2, 4)];
    expect([...tuples.expected.get('y')!.data].map(Number)).toEqual(expected);
    const values = [3, -3, -4, 9];
    await runKernels([tuples, compileCase(make({ op: 'GatherElements', data: [3, 2], indices: [2, 2], values }))]);
  });

  it.each<[Spec, RegExp]>([
    [{ op: 'GatherND', data: [4, 2], indices: [1, 1], isConstant: true, values: [4] }, /index 4 is out of range/],
    [{ op: 'GatherElements', data: [4, 2], indices: [1, 1], isConstant: true, values: [-5] }, /index -5 is out/],
    [{ op: 'GatherElements', data: [4, 2], indices: [1, 3] }, /the indices have shape \[1,3\]/],
    [{ op: 'GatherElements', data: [4, 2], indices: [3] }, /the indices have shape \[3\]/],
    [{ op: 'GatherND', data: [4, 2], indices: [1, 3], values: [0, 0, 0] }, /the indices have 3 numbers each/],
    [{ op: 'GatherND', data: [4, 2, 3], indices: [3, 1], batchDims: 1 }, /the indices have shape \[3,1\]/],
    [{ op: 'GatherND', data: [4], indices: [4, 1], batchDims: 1, values: [0, 0, 0, 0] }, /with batch_dims 1/],
  ])('%j is an error', (spec, message) => {
    expect(() => compileCase(make(spec))).toThrow(message);
  });
});
