/** ScatterND and ScatterElements against ONNX Runtime, and in C. */
import { describe, expect, it } from 'vitest';
import { tensorOf } from '../../test/support/elementwise-case.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { CompileError } from '../diagnostics/diagnostic.js';
import { type DataType, elementCount } from '../ir/tensor.js';

const random = new Random(41);

interface Spec {
  readonly op: 'ScatterND' | 'ScatterElements';
  readonly data: readonly number[];
  readonly indices: readonly number[];
  readonly axis?: number;
  readonly dtype?: DataType;
  /** ScatterElements takes int32 too. */
  readonly indexType?: 'int32' | 'int64';
  readonly isConstant?: boolean;
}

function make({ op, data, indices, axis = 0, dtype = 'float32', indexType = 'int64', isConstant }: Spec): OperatorCase {
  const depth = indices.at(-1)!;
  const positive = (axis + data.length) % data.length;
  const updates = op === 'ScatterND' ? [...indices.slice(0, -1), ...data.slice(depth)] : indices;
  const sizes = (i: number) => (op === 'ScatterND' ? data[i % depth]! : data[positive]!);
  const values = distinct(op, indices, positive).map((at, i) => {
    const index = at % sizes(i);
    return random.next() < 0.3 ? index - sizes(i) : index;
  });
  const index = tensorOf(indexType, indices, values);
  const numbers = (count: number) => Array.from({ length: count }, () => random.integer(-120, 120));
  const inputs = {
    data: tensorOf(dtype, data, numbers(elementCount(data))),
    updates: tensorOf(dtype, updates, numbers(elementCount(updates))),
  };
  return {
    name: `${op} ${data} at ${indices}`,
    model: {
      opset: 18,
      inputs: [
        ...Object.entries(inputs).map(([name, { shape }]) => ({ name, dtype, shape })),
        ...(isConstant ? [] : [{ name: 'indices', dtype: indexType, shape: indices }]),
      ],
      outputs: [{ name: 'y', dtype, shape: data }],
      initializers: isConstant ? [{ name: 'indices', tensor: index }] : [],
      nodes: [
        {
          op,
          inputs: ['data', 'indices', 'updates'],
          outputs: ['y'],
          attributes: op === 'ScatterND' ? {} : { axis },
        },
      ],
    },
    inputs: isConstant ? inputs : { ...inputs, indices: index },
  };
}

/** Indices that name no place twice, since ONNX does not say which update would be the last. */
function distinct(op: Spec['op'], indices: readonly number[], axis: number): number[] {
  const depth = indices.at(-1)!;
  const along = elementCount(indices.slice(axis + 1));
  const start = random.integer(0, 3);
  return Array.from({ length: elementCount(indices) }, (_, i) =>
    op === 'ScatterND' ? start + Math.floor(i / depth) : start + (Math.floor(i / along) % indices[axis]!),
  );
}

const specs: readonly Spec[] = [
  { op: 'ScatterND', data: [8, 3], indices: [2, 1] },
  { op: 'ScatterND', data: [8, 3], indices: [3, 1], dtype: 'int8' },
  { op: 'ScatterND', data: [5, 7, 2], indices: [2, 2, 2] },
  { op: 'ScatterND', data: [6, 6, 6], indices: [4, 3], dtype: 'int32' },
  { op: 'ScatterND', data: [7], indices: [3, 1], isConstant: true },
  { op: 'ScatterND', data: [4, 5], indices: [1], dtype: 'uint8' },
  { op: 'ScatterElements', data: [8, 3], indices: [2, 3] },
  { op: 'ScatterElements', data: [3, 9], indices: [3, 4], axis: 1, indexType: 'int32' },
  { op: 'ScatterElements', data: [2, 6, 3], indices: [2, 2, 3], axis: -2, dtype: 'int8' },
  { op: 'ScatterElements', data: [2, 5, 3, 4], indices: [1, 3, 2, 4], axis: 1, dtype: 'int64' },
  { op: 'ScatterElements', data: [9], indices: [5], isConstant: true },
];
const compiled = specs.map((spec) => compileCase(make(spec)));

describe('ScatterND and ScatterElements', () => {
  it('are what ONNX Runtime says', async () => {
    for (const item of compiled) {
      const onnx = await runOnnx(item);
      expect([...item.expected.get('y')!.data], item.name).toEqual([...onnx.get('y')!.data]);
    }
  });

  it('are the reference in C, in place too', async () => {
    await runKernels(compiled);
  });

  it('an index outside writes nothing, in C as in the reference', async () => {
    const item = make({ op: 'ScatterND', data: [4, 2], indices: [3, 1] });
    const indices = tensorOf('int64', [3, 1], [4, -5, 1]);
    const outside = compileCase({ ...item, inputs: { ...item.inputs, indices } });
    const data = [...item.inputs.data!.data].map(Number);
    const updates = [...item.inputs.updates!.data].map(Number);
    expect([...outside.expected.get('y')!.data].map(Number)).toEqual([
      ...data.slice(0, 2),
      ...updates.slice(4),
      ...data.slice(4),
    ]);
    await runKernels([outside]);
  });

  it('a constant index outside, and a reduction, are errors', () => {
    const constant = make({ op: 'ScatterND', data: [4, 2], indices: [1, 1], isConstant: true });
    const wrong = [{ name: 'indices', tensor: tensorOf('int64', [1, 1], [4]) }];
    expect(() => compileCase({ ...constant, model: { ...constant.model, initializers: wrong } })).toThrow(CompileError);
    const sum = constant.model.nodes.map((node) => ({ ...node, attributes: { reduction: 'add' } }));
    expect(() => compileCase({ ...constant, model: { ...constant.model, nodes: sum } })).toThrow(
      /only none is supported/,
    );
  });
});
