/** Operators that become others: QLinear elementwise forms, BatchNormalization; and what only the compiler computes. */
import { describe, expect, it } from 'vitest';
import {
  distance,
  floatCase,
  type Quantized,
  qdqCase,
  randomFloats,
  tensorOf,
} from '../../test/support/elementwise-case.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import type { Tensor } from '../ir/tensor.js';

const random = new Random(29);

/** The QLinear form with the parameters of a QDQ case: (x, scale, zero) for each input, then scale and zero of y. */
function qlinearCase(op: string, inputs: readonly Quantized[], y: Quantized, attributes = {}): OperatorCase {
  const base = qdqCase(`QLinear${op}`, { op }, inputs, y, random);
  const operands = inputs.flatMap((_, i) => [`x${i}`, `x${i}_scale`, `x${i}_zero`]);
  const node = {
    ...{ op: `QLinear${op}`, domain: 'com.microsoft', attributes },
    ...{ inputs: [...operands, 'y_scale', 'y_zero'], outputs: ['y'] },
  };
  return { ...base, model: { ...base.model, nodes: [node] } };
}

const value = (shape: readonly number[], dtype: 'int8' | 'uint8' = 'int8'): Quantized => ({
  dtype,
  shape,
  scale: Math.fround(0.01 + 0.05 * random.next()),
  zeroPoint: dtype === 'int8' ? random.integer(-30, 30) : random.integer(90, 160),
});

const qlinear = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? ('int8' as const) : ('uint8' as const))).flatMap(
  (dtype) => [
    qlinearCase('Add', [value([1, 8, 64], dtype), value([1, 8, 64], dtype)], value([1, 8, 64], dtype)),
    qlinearCase('Mul', [value([1, 8, 64], dtype), value([8, 1], dtype)], {
      ...value([1, 8, 64], dtype),
      scale: Math.fround(0.02),
    }),
    qlinearCase('Sigmoid', [value([512], dtype)], { ...value([512], dtype), scale: Math.fround(1 / 256) }),
    qlinearCase('LeakyRelu', [value([512], dtype)], value([512], dtype), { alpha: { float: 0.1 } }),
  ],
);

describe('QLinear elementwise operators', () => {
  const compiled = qlinear.map((item) => compileCase(item));

  it("differ from ONNX Runtime's vector kernels by one step at most", async () => {
    for (const item of compiled) {
      const gap = distance(item.expected.get('y')!, (await runOnnx(item)).get('y')!);
      expect(gap.largest, item.name).toBeLessThanOrEqual(1);
      expect(gap.differing / item.expected.get('y')!.data.length, item.name).toBeLessThan(0.01);
    }
  });

  it('are the reference in C', async () => {
    await runKernels(compiled);
  });
});

describe('BatchNormalization', () => {
  const parameter = (low: number, high: number) =>
    tensorOf(
      'float32',
      [4],
      Array.from({ length: 4 }, () => low + (high - low) * random.next()),
    );
  const constants = [parameter(0.5, 2), parameter(-1, 1), parameter(-1, 1), parameter(0.1, 3)];
  const attributes = { epsilon: { float: 1e-3 } };
  const x = randomFloats(random, [2, 4, 3, 3], 5);
  const item = compileCase(
    floatCase('BatchNormalization', { op: 'BatchNormalization', constants, attributes }, [x], x.shape),
  );

  it('becomes Mul and Add with constants', async () => {
    expect(item.reference.nodes.map((node) => node.op)).toEqual(['Mul', 'Add']);
    const onnx = (await runOnnx(item)).get('y')!.data as Float32Array;
    (item.expected.get('y')!.data as Float32Array).forEach((y, i) => {
      expect(Math.abs(y - onnx[i]!)).toBeLessThan(1e-6 * Math.max(4, Math.abs(onnx[i]!)));
    });
    await runKernels([item]);
  });
});

describe('InstanceNormalization and GroupNormalization', () => {
  const x = randomFloats(random, [2, 6, 3, 5], 4);
  const parameters = (count: number) => [randomFloats(random, [count], 2), randomFloats(random, [count], 1)];
  const neutral = [tensorOf('float32', [6], new Array(6).fill(1)), tensorOf('float32', [6], new Array(6).fill(0))];
  const make = (op: string, opset: number, constants: Tensor[], attributes: Record<string, number> = {}) => {
    const item = floatCase(
      op,
      { op, constants, attributes: { ...attributes, epsilon: { float: 1e-3 } } },
      [x],
      x.shape,
    );
    return compileCase({ ...item, model: { ...item.model, opset } });
  };
  const plain = make('InstanceNormalization', 17, neutral);
  const cases = [
    plain,
    make('InstanceNormalization', 17, parameters(6)),
    make('GroupNormalization', 21, parameters(6), { num_groups: 3 }),
    make('GroupNormalization', 18, parameters(2), { num_groups: 2 }),
  ];

  it('are within the bound of ONNX Runtime', async () => {
    for (const item of cases) {
      const onnx = (await runOnnx(item)).get('y')!.data as Float32Array;
      const largest = Math.max(...onnx.map(Math.abs));
      (item.expected.get('y')!.data as Float32Array).forEach((y, i) => {
        expect(Math.abs(y - onnx[i]!) / largest, item.name).toBeLessThan(2e-6);
      });
    }
  });

  it('are the reference in C', async () => {
    await runKernels(cases);
  });

  it('leave out factors of 1 and terms of 0', () => {
    expect(plain.program.calls.map((call) => call.function)).toEqual(['nanoc_layer_normalization_f32']);
  });

  it('refuse groups that do not divide the channels', () => {
    expect(() => make('GroupNormalization', 21, parameters(6), { num_groups: 4 })).toThrow(/6 channels do not make 4/);
  });
});

describe('shape arithmetic', () => {
  const longs = (...numbers: number[]) => tensorOf('int64', [numbers.length], numbers);

  /** The constant that a chain of nodes over constants folds into. */
  function folded(
    nodes: OperatorCase['model']['nodes'],
    initializers: Record<string, Tensor>,
    dtype: Tensor['dtype'],
    shape: number[],
  ) {
    const model = {
      opset: 17,
      inputs: [],
      outputs: [{ name: 'y', dtype, shape }],
      initializers: Object.entries(initializers).map(([name, tensor]) => ({ name, tensor })),
      nodes,
    };
    const { reference, expected } = compileCase({ name: 'fold', model, inputs: {} });
    expect(reference.nodes).toEqual([]);
    return Array.from(expected.get('y')!.data, Number);
  }

  it.each([
    ['Add', [9, -4]],
    ['Sub', [5, -10]],
    ['Mul', [14, -21]],
    ['Div', [3, -2]],
    ['Min', [2, -7]],
    ['Max', [7, 3]],
    ['Mod', [1, 2]],
    ['Pow', [49, -343]],
  ])('%s of int64', (op, wanted) => {
    const initializers = { a: longs(7, -7), b: longs(2, 3) };
    expect(folded([{ op, inputs: ['a', 'b'], outputs: ['y'] }], initializers, 'int64', [2])).toEqual(wanted);
  });

  it('casts floats to floats', () => {
    const nodes = [{ op: 'Cast', inputs: ['a'], outputs: ['y'], attributes: { to: 1 } }];
    const a = tensorOf('float32', [3], [0.25, -1.5, Number.NaN]);
    expect(folded(nodes, { a }, 'float32', [3])).toEqual([0.25, -1.5, Number.NaN]);
  });

  it('has empty lists', () => {
    const nodes = [
      { op: 'Shape', inputs: ['a'], outputs: ['shape'] },
      { op: 'Slice', inputs: ['shape', 'one', 'one'], outputs: ['none'] },
      { op: 'Concat', inputs: ['none', 'shape'], outputs: ['y'], attributes: { axis: 0 } },
    ];
    const a = tensorOf('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
    expect(folded(nodes, { a, one: longs(1) }, 'int64', [2])).toEqual([2, 3]);
  });

  it('wraps at 64 bits and refuses a division by 0', () => {
    const big = { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) } as const;
    expect(folded([{ op: 'Add', inputs: ['a', 'a'], outputs: ['y'] }], { a: big }, 'int64', [1])).toEqual([-2]);
    expect(() =>
      folded([{ op: 'Div', inputs: ['a', 'b'], outputs: ['y'] }], { a: big, b: longs(0) }, 'int64', [1]),
    ).toThrow(/NC0204/);
  });

  it('compares, chooses and casts', () => {
    const nodes = [
      { op: 'Less', inputs: ['a', 'b'], outputs: ['less'] },
      { op: 'Equal', inputs: ['a', 'c'], outputs: ['equal'] },
      { op: 'Or', inputs: ['less', 'equal'], outputs: ['either'] },
      { op: 'Not', inputs: ['either'], outputs: ['neither'] },
      { op: 'Where', inputs: ['neither', 'a', 'b'], outputs: ['chosen'] },
      { op: 'Neg', inputs: ['chosen'], outputs: ['negative'] },
      { op: 'Cast', inputs: ['negative'], outputs: ['y'], attributes: { to: 1 } },
    ];
    expect(folded(nodes, { a: longs(1, 5, 9), b: longs(4), c: longs(9) }, 'float32', [3])).toEqual([-4, -5, -4]);
  });
});
