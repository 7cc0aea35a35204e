/** Functions of one number: float kernels and byte tables against ONNX Runtime and the reference. */
import { describe, expect, it } from 'vitest';
import {
  distance,
  floatCase,
  type OperatorSpec,
  qdqCase,
  randomFloats,
  tensorOf,
} from '../../test/support/elementwise-case.js';
import { type CompiledCase, compileCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { bytesOf } from '../ir/tensor.js';

const random = new Random(3);

const specs: readonly OperatorSpec[] = [
  { op: 'Relu' },
  { op: 'LeakyRelu', attributes: { alpha: { float: 0.1 } } },
  { op: 'LeakyRelu' },
  { op: 'Sigmoid' },
  { op: 'Tanh' },
  { op: 'Exp' },
  { op: 'Erf' },
  { op: 'Softplus' },
  { op: 'Softsign' },
  { op: 'Neg' },
  { op: 'Abs' },
  { op: 'Floor' },
  { op: 'Ceil' },
  { op: 'Round' },
  { op: 'Sign' },
  { op: 'Reciprocal' },
  { op: 'Log' },
  { op: 'Sqrt' },
  { op: 'Elu', attributes: { alpha: { float: 0.7 } } },
  { op: 'Selu' },
  { op: 'Celu', attributes: { alpha: { float: 1.5 } } },
  { op: 'ThresholdedRelu', attributes: { alpha: { float: 0.5 } } },
  { op: 'HardSigmoid' },
  { op: 'HardSigmoid', attributes: { alpha: { float: 0.3 }, beta: { float: 0.4 } } },
  { op: 'HardSwish' },
  { op: 'Mish', opset: 18 },
  { op: 'Gelu', opset: 20 },
  { op: 'Gelu', opset: 20, attributes: { approximate: 'tanh' } },
  { op: 'Gelu', domain: 'com.microsoft' },
  { op: 'FastGelu', domain: 'com.microsoft' },
  { op: 'Clip', constants: [tensorOf('float32', [], [-0.5]), tensorOf('float32', [], [1.25])] },
  { op: 'Clip', constants: [tensorOf('float32', [], [0])] },
  { op: 'Clip' },
];
const positiveOnly = new Set(['Log', 'Sqrt']);
const labelOf = ({ op, domain, attributes, constants }: OperatorSpec) =>
  `${domain ?? ''}${op} ${JSON.stringify(attributes ?? {})} ${constants?.map(({ data }) => data[0]) ?? ''}`;

/** Small, large, halves, zeros of both signs, subnormals, infinities. */
function inputFor(op: string) {
  const special = [
    0, -0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1e-39, -1e-39, 1e-20, 8388607.5, -8388609, 87.5, -87.5, 3e38, -3e38,
  ];
  const infinities =
    op === 'Softsign' || op === 'Mish' || op === 'HardSwish' || op.includes('Gelu') ? [] : [Infinity, -Infinity];
  const numbers = [
    ...special,
    ...infinities,
    ...randomFloats(random, [220], 6).data,
    ...randomFloats(random, [20], 100).data,
  ];
  const chosen = numbers.map(Number).map((x) => (positiveOnly.has(op) ? Math.abs(x) : x));
  return tensorOf('float32', [chosen.length], chosen);
}

const floats = specs.map((spec) => {
  const x = inputFor(spec.op);
  return compileCase(floatCase(labelOf(spec), spec, [x], x.shape));
});

/** Absolute below 1, relative above: the tails of ONNX Runtime's own approximations are absolute. numerics/float-math.test.ts is stricter. */
function worstError(item: CompiledCase, onnx: ArrayLike<number>): number {
  const got = item.expected.get('y')!.data as Float32Array;
  const errors = Array.from(got, (value, i) => {
    const wanted = Number(onnx[i]);
    return value === wanted ? 0 : Math.abs(value - wanted) / Math.max(Math.abs(wanted), 1);
  });
  return Math.max(...errors);
}

describe('float activations', () => {
  it('are those of ONNX Runtime within 1e-6', async () => {
    for (const item of floats) {
      const onnx = (await runOnnx(item)).get('y')!.data as Float32Array;
      expect(worstError(item, onnx), item.name).toBeLessThan(1e-6);
    }
  });

  it('are the same bits in C', async () => {
    await runKernels(floats);
  });
});

describe('the square root', () => {
  const numbers = Array.from({ length: 20000 }, () => {
    const bits = new Uint32Array([random.integer(0, 0x7f7fffff)]);
    return new Float32Array(bits.buffer)[0]!;
  });
  const squares = Array.from({ length: 500 }, () => random.integer(1, 4095) ** 2);
  const all = [...numbers, ...squares, ...Array.from({ length: 300 }, (_, i) => i * 2 ** -149)];

  it('is correctly rounded without a square root instruction', async () => {
    const item = compileCase(floatCase('Sqrt', { op: 'Sqrt' }, [tensorOf('float32', [all.length], all)], [all.length]));
    const expected = Float32Array.from(all, (x) => Math.sqrt(x));
    expect(Buffer.compare(bytesOf(item.expected.get('y')!.data), bytesOf(expected))).toBe(0);
    await runKernels([item]);
  });
});

describe('activations of bytes', () => {
  const bytes = (dtype: 'int8' | 'uint8') => Array.from({ length: 256 }, (_, i) => (dtype === 'int8' ? i - 128 : i));
  const tables = specs.flatMap((spec) =>
    (['int8', 'uint8'] as const).map((dtype) => {
      const middle = dtype === 'int8' ? 5 : 133;
      const zeroPoint = positiveOnly.has(spec.op) ? (dtype === 'int8' ? -128 : 0) : middle;
      const x = { dtype, shape: [1, 256], scale: Math.fround(0.037), zeroPoint, data: bytes(dtype) };
      const y = { dtype, shape: [1, 256], scale: Math.fround(spec.op === 'Exp' ? 0.4 : 0.029), zeroPoint: middle - 7 };
      return compileCase(qdqCase(`${labelOf(spec)} ${dtype}`, spec, [x], y, random));
    }),
  );

  it('are tables', () => {
    for (const item of tables) {
      const functions = item.program.calls.map((call) => call.function).filter((name) => name !== 'nanoc_sign_shift');
      expect(functions, item.name).toEqual(['nanoc_table_s8']);
    }
  });

  it('differ from ONNX Runtime by one step at most, in one byte of a thousand', async () => {
    let differing = 0;
    for (const item of tables) {
      const gap = distance(item.expected.get('y')!, (await runOnnx(item)).get('y')!);
      expect(gap.largest, item.name).toBeLessThanOrEqual(1);
      differing += gap.differing;
    }
    expect(differing).toBeLessThanOrEqual((tables.length * 256) / 1000);
  });

  it('are the reference in C', async () => {
    await runKernels(tables);
  });
});
