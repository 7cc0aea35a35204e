/** Comparisons, logic and choice at run time: equal to ONNX Runtime, and the kernels equal to the reference. */
import { describe, expect, it } from 'vitest';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { allocate, type DataType, elementCount, type Tensor } from '../ir/tensor.js';

const random = new Random(11);

/** Few different numbers, so that many are equal; NaN among the floats. */
function tensor(dtype: DataType, shape: readonly number[]): Tensor {
  const data = allocate(dtype, elementCount(shape));
  for (let i = 0; i < data.length; i += 1) {
    const number = random.integer(-2, 2);
    if (data instanceof BigInt64Array) data[i] = BigInt(number) * 2n ** 40n;
    else if (dtype === 'bool') data[i] = number & 1;
    else data[i] = dtype === 'float32' && random.chance(0.1) ? Number.NaN : number;
  }
  return { dtype, shape, data };
}

function caseOf(
  op: string,
  opset: number,
  types: readonly DataType[],
  shapes: readonly (readonly number[])[],
): OperatorCase {
  const inputs = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, tensor(types[i]!, shape)]));
  const dtype = op === 'Where' ? types[1]! : 'bool';
  return {
    name: `${op}-${opset} ${types} ${shapes.map((shape) => `[${shape}]`)}`,
    model: {
      opset,
      inputs: Object.entries(inputs).map(([name, { shape }], i) => ({ name, dtype: types[i]!, shape })),
      outputs: [{ name: 'y', dtype, shape: [] }],
      initializers: [],
      nodes: [{ op, inputs: Object.keys(inputs), outputs: ['y'], attributes: {} }],
    },
    inputs,
  };
}

async function check(cases: readonly OperatorCase[]): Promise<void> {
  const compiled = cases.map((item) => compileCase(item));
  for (const item of compiled) {
    for (const [name, onnx] of await runOnnx(item)) {
      expect(Array.from(item.expected.get(name)!.data as Int8Array), item.name).toEqual(
        Array.from(onnx.data as Int8Array),
      );
    }
  }
  await runKernels(compiled);
}

const PAIRS = [
  [[256], [1]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [5, 1, 3],
    [1, 4, 1],
  ],
  [[], [7]],
];

describe('comparisons', () => {
  it.each([
    ['Equal', 13, ['bool', 'int32', 'int64', 'float32']],
    ['Less', 13, ['int32', 'int64', 'float32']],
    ['LessOrEqual', 16, ['int32', 'int64', 'float32']],
    ['Greater', 13, ['int32', 'int64', 'float32']],
    ['GreaterOrEqual', 16, ['int32', 'int64', 'float32']],
  ] as const)('%s', async (op, opset, types) => {
    await check(types.flatMap((type) => PAIRS.map((shapes) => caseOf(op, opset, [type, type], shapes))));
  });
});

describe('logic', () => {
  it.each(['And', 'Or', 'Xor'])('%s', async (op) => {
    await check(PAIRS.map((shapes) => caseOf(op, 13, ['bool', 'bool'], shapes)));
  });

  it('Not', async () => {
    await check([[1], [3, 5]].map((shape) => caseOf('Not', 13, ['bool'], [shape])));
  });
});

it('Where: any type, all three inputs broadcast', async () => {
  const shapes = [
    [[8], [8], [8]],
    [[6, 1], [4], [6, 4]],
    [
      [6, 1],
      [1, 4],
      [6, 4],
    ],
    [[1, 3, 1], [2, 1, 4], []],
    [[2, 3], [], []],
  ];
  await check(
    (['float32', 'int32', 'int64', 'uint8'] as const).flatMap((type) =>
      shapes.map((each) => caseOf('Where', 16, ['bool', type, type], each)),
    ),
  );
});
