/** Operators that move elements: equal to ONNX Runtime, and the kernels equal to the reference. */
import { describe, expect, it } from 'vitest';
import type { BuilderAttribute, BuilderNode } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { allocate, type DataType, elementCount, type Tensor } from '../ir/tensor.js';

const random = new Random(7);

function tensor(dtype: DataType, shape: readonly number[]): Tensor {
  const data = allocate(dtype, elementCount(shape));
  for (let i = 0; i < data.length; i += 1) {
    const number = random.integer(-120, 120);
    data[i] = data instanceof BigInt64Array ? BigInt(number) : dtype === 'bool' ? number & 1 : number;
  }
  return { dtype, shape, data };
}

const ints = (...values: number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

interface Movement {
  readonly op: string;
  readonly shape: readonly number[];
  readonly dtype?: DataType;
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
  /** Constant inputs behind the data; undefined leaves one out. */
  readonly constants?: readonly (Tensor | undefined)[];
  readonly opset?: number;
  readonly outputs?: number;
}

function caseOf(movement: Movement): OperatorCase {
  const { op, shape, dtype = 'int8', attributes = {}, constants = [], opset = 18, outputs = 1 } = movement;
  const initializers = constants.flatMap((each, i) => (each === undefined ? [] : [{ name: `c${i}`, tensor: each }]));
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const node: BuilderNode = {
    op,
    inputs: ['x', ...constants.map((each, i) => (each === undefined ? '' : `c${i}`))],
    outputs: names,
    attributes,
  };
  return {
    name: `${op}-${opset} ${dtype}[${shape}] ${JSON.stringify(attributes)} ${initializers.map((c) => `[${c.tensor.data}]`).join(' ')}`,
    model: {
      opset,
      inputs: [{ name: 'x', dtype, shape }],
      outputs: names.map((name) => ({ name, dtype, shape: [] })),
      initializers,
      nodes: [node],
    },
    inputs: { x: tensor(dtype, shape) },
  };
}

/** Shapes of the outputs are left open in the models: ONNX Runtime infers them. */
async function check(cases: readonly OperatorCase[]): Promise<void> {
  const compiled = cases.map((item) => {
    try {
      return compileCase(item);
    } catch (error) {
      throw new Error(`${item.name}: ${error instanceof Error ? error.message : error}`);
    }
  });
  for (const item of compiled) {
    for (const [name, onnx] of await runOnnx(item)) {
      const reference = item.expected.get(name)!;
      expect(reference.shape.join(), item.name).toBe(onnx.shape.join());
      expect(Array.from(reference.data as Int8Array), item.name).toEqual(Array.from(onnx.data as Int8Array));
    }
  }
  await runKernels(compiled);
}

const TYPES: readonly DataType[] = ['int8', 'uint8', 'int16', 'int32', 'float32', 'int64', 'bool'];

describe('Transpose', () => {
  it('permutes elements of every size', async () => {
    await check([
      ...TYPES.map((dtype) => caseOf({ op: 'Transpose', shape: [2, 3, 5], dtype, attributes: { perm: [2, 0, 1] } })),
      caseOf({ op: 'Transpose', shape: [7, 3] }),
      caseOf({ op: 'Transpose', shape: [1, 5, 4, 3], attributes: { perm: [0, 2, 3, 1] } }),
      caseOf({ op: 'Transpose', shape: [2, 4, 3, 5], attributes: { perm: [0, 3, 1, 2] } }),
      caseOf({ op: 'Transpose', shape: [2, 3, 2, 3, 2], attributes: { perm: [4, 1, 3, 0, 2] } }),
      caseOf({ op: 'Transpose', shape: [2, 3, 2, 3, 2, 3], attributes: { perm: [4, 1, 5, 3, 0, 2] } }),
      caseOf({ op: 'Transpose', shape: [4, 3, 5], attributes: { perm: [1, 0, 2] }, dtype: 'float32' }),
    ]);
  });
});

describe('Slice', () => {
  it('takes pieces with any bounds and steps', async () => {
    const slice = (
      shape: readonly number[],
      starts: number[],
      ends: number[],
      axes?: number[],
      steps?: number[],
      dtype?: DataType,
    ) =>
      caseOf({
        op: 'Slice',
        shape,
        ...(dtype === undefined ? {} : { dtype }),
        constants: [ints(...starts), ints(...ends), axes && ints(...axes), steps && ints(...steps)],
      });
    await check([
      slice([10], [2], [7]),
      slice([10], [-3], [2 ** 31]),
      slice([10], [8], [-100], [0], [-3]),
      slice([10], [-1], [-11], [0], [-1], 'float32'),
      slice([4, 6, 5], [1, 2], [3, 5], [0, 2]),
      slice([4, 6, 5], [1, 5], [4, 0], [-1, 1], [2, -2], 'int64'),
      slice([1, 4, 6], [1], [3], [1], [1], 'float32'),
      slice([3, 4, 5, 2], [2, 0, 0, 1], [-5, 4, 5, 2], [0, 1, 2, 3], [-1, 3, 2, 1], 'int16'),
      slice([2, 3, 4], [0], [2], [1]),
      caseOf({ op: 'Slice', shape: [5, 5], opset: 13, constants: [ints(0, 1), ints(5, 100)] }),
    ]);
  });
});

describe('Split', () => {
  it('gives windows and strided pieces', async () => {
    await check([
      caseOf({ op: 'Split', shape: [6, 4], opset: 13, outputs: 3 }),
      caseOf({
        op: 'Split',
        shape: [2, 7],
        opset: 13,
        outputs: 3,
        attributes: { axis: -1 },
        constants: [ints(1, 4, 2)],
      }),
      caseOf({
        op: 'Split',
        shape: [2, 7, 2],
        opset: 18,
        outputs: 3,
        attributes: { axis: 1, num_outputs: 3 },
        dtype: 'float32',
      }),
      caseOf({
        op: 'Split',
        shape: [2, 6],
        opset: 11,
        outputs: 2,
        attributes: { axis: 1, split: [2, 4] },
        dtype: 'int32',
      }),
    ]);
  });
});

describe('Pad', () => {
  const pad = (
    shape: readonly number[],
    pads: number[],
    mode?: string,
    value?: Tensor,
    dtype?: DataType,
    axes?: number[],
  ) =>
    caseOf({
      op: 'Pad',
      shape,
      opset: mode === 'wrap' ? 19 : 18,
      ...(dtype === undefined ? {} : { dtype }),
      attributes: mode === undefined ? {} : { mode },
      constants: [ints(...pads), value, axes && ints(...axes)],
    });
  it('pads with a constant, the edge, the reflection, and wraps round', async () => {
    await check([
      pad([1, 2, 3, 4], [0, 0, 1, 2, 0, 0, 0, 3]),
      pad([1, 2, 3, 4], [0, 1, 1, 2, 1, 0, 2, 1], 'constant', { dtype: 'int8', shape: [], data: Int8Array.of(-7) }),
      pad([3, 4], [1, 2, 3, 0], 'constant', { dtype: 'float32', shape: [], data: Float32Array.of(0.1) }, 'float32'),
      pad([3, 4], [1, 2, 3, 0], 'constant', { dtype: 'int64', shape: [], data: BigInt64Array.of(-5n) }, 'int64'),
      pad([2, 3, 5], [0, 2, 0, 0, 1, 0], 'edge'),
      pad([2, 3, 5], [1, 2, 1, 2, 1, 3], 'edge', undefined, 'float32'),
      pad([2, 3, 5], [1, 2, 1, 0, 1, 4], 'reflect'),
      pad([1, 4, 3, 2], [0, 3, 2, 0, 0, 1, 1, 0], 'reflect', undefined, 'int32'),
      pad([3, 4], [2, 1, 3, 2], 'wrap'),
      pad([5, 6], [-1, 2, 1, -2], 'constant'),
      pad([5, 6], [-1, -2, -1, -2], 'edge', undefined, 'float32'),
      pad([2, 5, 3], [1, 2], 'constant', undefined, 'int8', [1]),
      pad([2, 5, 3], [1, 2], 'edge', undefined, 'int8', [-1]),
    ]);
  });
});

describe('Concat', () => {
  it('joins along any axis', async () => {
    const concat = (shapes: readonly (readonly number[])[], axis: number, dtype: DataType = 'int8'): OperatorCase => {
      const names = shapes.map((_, i) => `x${i}`);
      return {
        name: `Concat ${JSON.stringify(shapes)} ${axis} ${dtype}`,
        model: {
          inputs: names.map((name, i) => ({ name, dtype, shape: shapes[i]! })),
          outputs: [{ name: 'y', dtype, shape: [] }],
          nodes: [{ op: 'Concat', inputs: names, outputs: ['y'], attributes: { axis } }],
        },
        inputs: Object.fromEntries(names.map((name, i) => [name, tensor(dtype, shapes[i]!)])),
      };
    };
    await check([
      concat(
        [
          [2, 3],
          [4, 3],
        ],
        0,
      ),
      concat(
        [
          [2, 3],
          [2, 1],
          [2, 5],
        ],
        1,
      ),
      concat(
        [
          [2, 3, 2],
          [2, 1, 2],
          [2, 5, 2],
        ],
        -2,
        'float32',
      ),
      concat(
        [
          [1, 3, 2],
          [1, 4, 2],
        ],
        1,
        'int64',
      ),
      concat(
        Array.from({ length: 11 }, (_, i) => [3, i + 1]),
        1,
        'int16',
      ),
      concat([[3, 2]], 1),
    ]);
  });
});

describe('Reshape and its relatives', () => {
  it('keep the elements', async () => {
    await check([
      caseOf({ op: 'Reshape', shape: [2, 3, 4], constants: [ints(0, -1)] }),
      caseOf({ op: 'Reshape', shape: [2, 3, 4], constants: [ints(4, 1, 6)], dtype: 'int64' }),
      caseOf({ op: 'Flatten', shape: [2, 3, 4], attributes: { axis: 2 } }),
      caseOf({ op: 'Flatten', shape: [2, 3, 4], attributes: { axis: 0 }, dtype: 'float32' }),
      caseOf({ op: 'Squeeze', shape: [1, 3, 1], constants: [ints(-1)] }),
      caseOf({ op: 'Squeeze', shape: [1, 3, 1] }),
      caseOf({ op: 'Unsqueeze', shape: [3, 2], constants: [ints(0, -1)] }),
      caseOf({ op: 'Unsqueeze', shape: [3, 2], opset: 11, attributes: { axes: [1] } }),
      caseOf({ op: 'Identity', shape: [3, 2] }),
      caseOf({ op: 'Dropout', shape: [3, 2], dtype: 'float32' }),
    ]);
  });
});
