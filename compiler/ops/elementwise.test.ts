/** Add, Sub, Mul, Div, Min, Max, Pow, PRelu: ONNX Runtime, the reference and the C kernels against each other. */
import { describe, expect, it } from 'vitest';
import { distance, floatCase, qdqCase, randomFloats, tensorOf } from '../../test/support/elementwise-case.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import type { Tensor } from '../ir/tensor.js';
import { findOperator } from './index.js';

const random = new Random(7);
const allBytes = (dtype: 'int8' | 'uint8') => Array.from({ length: 256 }, (_, i) => (dtype === 'int8' ? i - 128 : i));

/** Every pair of bytes: a down, b across. */
function allPairs(op: string, dtype: 'int8' | 'uint8', scales: readonly number[], relu = false): OperatorCase {
  const [a, b, y] = scales.map(Math.fround) as [number, number, number];
  const zero = () => (dtype === 'int8' ? random.integer(-128, 127) : random.integer(0, 255));
  const data = allBytes(dtype);
  return qdqCase(
    `${op} ${dtype} ${scales}`,
    { op },
    [
      { dtype, shape: [256, 1], scale: a, zeroPoint: zero(), data },
      { dtype, shape: [1, 256], scale: b, zeroPoint: zero(), data },
    ],
    { dtype, shape: [256, 256], scale: y, zeroPoint: zero() },
    random,
    relu ? { op: 'Relu' } : undefined,
  );
}

const pairs = [
  ...['Add', 'Sub', 'Mul'].flatMap((op) => [
    allPairs(op, 'int8', [0.031, 0.047, op === 'Mul' ? 0.01 : 0.05]),
    allPairs(op, 'uint8', [0.0213, 0.0087, op === 'Mul' ? 0.0021 : 0.0191]),
    // Powers of two put sums and products on ties.
    allPairs(op, 'int8', [0.125, 0.25, 0.5]),
    allPairs(op, 'uint8', [2 ** -7, 2 ** -7, 2 ** -6]),
    allPairs(op, 'int8', [0.05, 0.05, 0.05], true),
    // All results saturate, or all are the zero point.
    allPairs(op, 'int8', [3000, 0.001, 1e-6]),
    allPairs(op, 'int8', [1e-6, 1e-6, 1000]),
  ]),
  ...Array.from({ length: 24 }, (_, i) => {
    const scale = () => 0.01 * (0.5 + 4 * random.next());
    const op = ['Add', 'Sub', 'Mul'][i % 3]!;
    return allPairs(op, 'int8', [scale(), scale(), op === 'Mul' ? scale() / 5 : scale()]);
  }),
];

function functionsOf(item: ReturnType<typeof compileCase>): string[] {
  return item.program.calls.map((call) => call.function);
}

describe('quantized Add, Sub and Mul', () => {
  const compiled = pairs.map((item) => compileCase(item));

  it('are ONNX Runtime, byte for byte, for all pairs of bytes', async () => {
    for (const item of compiled) {
      const onnx = await runOnnx(item);
      expect(distance(item.expected.get('y')!, onnx.get('y')!), item.name).toEqual({ differing: 0, largest: 0 });
    }
  });

  it('take integer kernels but for scales that no integer form fits', () => {
    const used = compiled.flatMap(functionsOf).filter((name) => name !== 'nanoc_sign_shift');
    expect(used.filter((name) => name === 'nanoc_add_even_s8').length).toBeGreaterThanOrEqual(4);
    expect(used.filter((name) => name === 'nanoc_mul_even_s8').length).toBeGreaterThanOrEqual(2);
    expect(used.filter((name) => name.includes('near')).length).toBeLessThan(used.length / 4);
  });

  it.each([['by float'], ['by integer', '-DNANOC_FPU=0']])(
    'in C are the reference, rounding %s',
    async (_, ...flags) => {
      await runKernels(compiled, { flags });
    },
  );
});

describe('the near-tie kernels', () => {
  // Found by search: sums of these fall so close to ties that float32 rounds them otherwise than any integer form.
  const near = findNear();

  it('exist for Add and Mul', () => {
    expect(near.map((item) => functionsOf(item)[0])).toEqual(['nanoc_add_near_s8', 'nanoc_mul_near_s8']);
    expect(near[0]!.program.calls[0]!.remarks?.[0]).toMatch(/computed in float32/);
  });

  it.each([['by float'], ['by integer', '-DNANOC_FPU=0']])(
    'give the bytes of the reference, rounding %s',
    async (_, ...flags) => {
      await runKernels(near, { flags });
    },
  );
});

/** The first Add and Mul of a seeded sequence of scales that need the float path. */
function findNear() {
  const generator = new Random(11);
  const first = (op: string) => {
    for (let i = 0; i < 2000; i += 1) {
      const scales = [0, 0, 0].map(() => 0.01 * (0.5 + 4 * generator.next()));
      const item = compileCase(allPairs(op, 'int8', scales));
      if (functionsOf(item)[0]!.includes('near')) return item;
    }
    throw new Error(`no near ${op} in 2000 scales`);
  };
  return [first('Add'), first('Mul')];
}

const shapes: readonly (readonly [number[], number[], number[]])[] = [
  [
    [2, 3, 4, 5],
    [2, 3, 4, 5],
    [2, 3, 4, 5],
  ],
  [[2, 3, 4, 5], [], [2, 3, 4, 5]],
  [
    [1, 3, 1, 5],
    [2, 1, 4, 1],
    [2, 3, 4, 5],
  ],
  [
    [3, 1, 1],
    [2, 3, 4, 5],
    [2, 3, 4, 5],
  ],
  [[5], [4, 1], [4, 5]],
  [[1], [1], [1]],
];

/** Largest difference, relative to the larger of the expected magnitude and 1e-30. */
function relativeError(got: Tensor, wanted: Tensor): number {
  const errors = Array.from(got.data as Float32Array, (x, i) => {
    const y = Number(wanted.data[i]);
    return Object.is(x, y) ? 0 : Math.abs(x - y) / Math.max(Math.abs(y), 1e-30);
  });
  return Math.max(...errors);
}

describe('broadcasting', () => {
  const quantized = shapes.map(([a, b, y], i) =>
    qdqCase(
      `Sub [${a}] [${b}]`,
      { op: i % 2 === 0 ? 'Sub' : 'Mul' },
      [
        { dtype: 'int8', shape: a, scale: Math.fround(0.02), zeroPoint: 3 },
        { dtype: 'int8', shape: b, scale: Math.fround(0.03), zeroPoint: -7 },
      ],
      { dtype: 'int8', shape: y, scale: Math.fround(0.04), zeroPoint: 1 },
      random,
    ),
  );
  const floats = ['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Pow', 'PRelu'].flatMap((op) =>
    shapes
      .filter(([a, , y]) => op !== 'PRelu' || a.join() === y.join())
      .map(([a, b, y]) => {
        const left = randomFloats(random, a, 4);
        if (op === 'Pow') (left.data as Float32Array).forEach((x, i) => void (left.data[i] = Math.fround(Math.abs(x))));
        return floatCase(`${op} [${a}] [${b}]`, { op }, [left, randomFloats(random, b, 3)], y);
      }),
  );
  const compiled = [...quantized, ...floats].map((item) => compileCase(item));

  it('is that of ONNX Runtime', async () => {
    for (const item of compiled) {
      const onnx = (await runOnnx(item)).get('y')!;
      const got = item.expected.get('y')!;
      expect(got.shape, item.name).toEqual([...onnx.shape]);
      // Powers go through exp and log: ONNX Runtime's libm rounds otherwise.
      const tolerance = item.name.startsWith('Pow') ? 2e-6 : 0;
      expect(relativeError(got, onnx), item.name).toBeLessThanOrEqual(tolerance);
    }
  });

  it('is the same in C', async () => {
    await runKernels(compiled);
    await runKernels(compiled, { flags: ['-DNANOC_FPU=0'] });
  });
});

describe('canonical forms', () => {
  const x = randomFloats(random, [2, 3], 2);
  const power = (exponent: number) =>
    floatCase('Pow', { op: 'Pow', constants: [tensorOf('int32', [], [exponent])] }, [x], [2, 3]);

  it('Pow by 2 is Mul, by 3 keeps a float exponent', () => {
    expect(compileCase(power(2)).reference.nodes.map((node) => node.op)).toEqual(['Mul']);
    expect(compileCase(power(3)).program.calls[0]!.function).toBe('nanoc_pow_f32');
  });

  it('Min of three is two, and PRelu of one slope is LeakyRelu', async () => {
    const three = floatCase(
      'Min',
      { op: 'Min' },
      [x, randomFloats(random, [3], 2), randomFloats(random, [2, 1], 2)],
      [2, 3],
    );
    const compiled = compileCase(three);
    expect(compiled.reference.nodes.map((node) => node.op)).toEqual(['Min', 'Min']);
    expect(compiled.expected.get('y')!.data).toEqual((await runOnnx(three)).get('y')!.data);
    const slope = floatCase('PRelu', { op: 'PRelu', constants: [tensorOf('float32', [1], [0.25])] }, [x], [2, 3]);
    expect(compileCase(slope).reference.nodes.map((node) => node.op)).toEqual(['LeakyRelu']);
  });

  it('refuses integers that only run time knows', () => {
    const item: OperatorCase = {
      name: 'int32',
      model: {
        inputs: [{ name: 'x', dtype: 'int32', shape: [2] }],
        outputs: [{ name: 'y', dtype: 'int32', shape: [2] }],
        nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
      },
      inputs: {},
    };
    expect(() => compileCase(item)).toThrow(/NC0204.*"x" is int32/);
  });

  it('knows every operator as QLinear form too', () => {
    for (const name of ['QLinearAdd', 'QLinearMul'])
      expect(findOperator('com.microsoft', name)?.normalize).toBeTypeOf('function');
  });
});
