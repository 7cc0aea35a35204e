/** Softmax and LogSoftmax, float32, QDQ and QLinearSoftmax. */
import { describe, expect, it } from 'vitest';
import {
  distance,
  floatCase,
  type OperatorSpec,
  type Quantized,
  qdqCase,
  randomFloats,
  tensorOf,
} from '../../test/support/elementwise-case.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';

const random = new Random(23);

const shapes: readonly (readonly [readonly number[], number | undefined])[] = [
  [[1, 12], undefined],
  [[3, 10], -1],
  [[2, 3, 4], 1],
  [[2, 3, 4], 0],
  [[2, 5, 3, 2], 1],
  [[1, 1], 1],
  [[2, 300], 1],
];
const spec = (op: string, axis: number | undefined, opset: number): OperatorSpec => ({
  op,
  opset,
  ...(axis === undefined ? {} : { attributes: { axis } }),
});

describe('float Softmax and LogSoftmax', () => {
  const compiled = [11, 13].flatMap((opset) =>
    ['Softmax', 'LogSoftmax'].flatMap((op) =>
      shapes.map(([shape, axis]) =>
        compileCase(
          floatCase(
            `${op}-${opset} [${shape}] ${axis}`,
            spec(op, axis, opset),
            [randomFloats(random, shape, 8)],
            shape,
          ),
        ),
      ),
    ),
  );

  it('are those of ONNX Runtime within 1e-6, in both meanings of the axis', async () => {
    for (const item of compiled) {
      const onnx = (await runOnnx(item)).get('y')!.data as Float32Array;
      (item.expected.get('y')!.data as Float32Array).forEach((y, i) => {
        expect(Math.abs(y - onnx[i]!) / Math.max(1, Math.abs(onnx[i]!)), item.name).toBeLessThan(1e-6);
      });
    }
  });

  it('are the same bits in C', async () => {
    await runKernels(compiled);
  });
});

/** Logits as a network has them: a few large ones. */
function logits(dtype: 'int8' | 'uint8', shape: readonly number[], scale: number): Quantized {
  return {
    dtype,
    shape,
    scale: Math.fround(scale),
    zeroPoint: dtype === 'int8' ? random.integer(-128, 127) : random.integer(0, 255),
  };
}

function probabilities(dtype: 'int8' | 'uint8', shape: readonly number[], scale = 1 / 256): Quantized {
  return { dtype, shape, scale: Math.fround(scale), zeroPoint: dtype === 'int8' ? -128 : 0 };
}

const quantized = [0.2, 0.05, 0.8].flatMap((scale) =>
  shapes.flatMap(([shape, axis]) =>
    (['int8', 'uint8'] as const).map((dtype) =>
      compileCase(
        qdqCase(
          `Softmax ${dtype} [${shape}] ${axis} ${scale}`,
          spec('Softmax', axis, 13),
          [logits(dtype, shape, scale)],
          probabilities(dtype, shape, scale === 0.05 ? 0.0031 : 1 / 256),
          random,
        ),
      ),
    ),
  ),
);

describe('quantized Softmax', () => {
  it('differs from ONNX Runtime in float32 by one step at most, seldom', async () => {
    let elements = 0;
    let differing = 0;
    for (const item of quantized) {
      const gap = distance(item.expected.get('y')!, (await runOnnx(item)).get('y')!);
      expect(gap.largest, item.name).toBeLessThanOrEqual(1);
      differing += gap.differing;
      elements += item.expected.get('y')!.data.length;
    }
    expect(differing).toBeLessThanOrEqual(elements / 1000);
  });

  it('is the reference in C, over its input, with and without an FPU', async () => {
    await runKernels(quantized);
    await runKernels(quantized, { flags: ['-DNANOC_FPU=0'] });
  });

  it('takes a table of exponentials, not their function', () => {
    const functions = quantized.flatMap((item) => item.program.calls.map((call) => call.function));
    expect(new Set(functions)).toEqual(new Set(['nanoc_softmax_s8', 'nanoc_sign_shift']));
  });
});

describe('QLinearSoftmax', () => {
  const item = (shape: readonly number[], axis: number, opset: number): OperatorCase => {
    const [x, y] = [logits('int8', shape, 0.15), probabilities('int8', shape)];
    const base = qdqCase('QLinearSoftmax', { op: 'Softmax' }, [x], y, random);
    const node = {
      op: 'QLinearSoftmax',
      domain: 'com.microsoft',
      inputs: ['x0', 'x0_scale', 'x0_zero', 'y_scale', 'y_zero'],
      outputs: ['y'],
      attributes: { axis, opset },
    };
    return { ...base, model: { ...base.model, nodes: [node] } };
  };
  const cases = [item([4, 10], 1, 13), item([2, 3, 4], 1, 13), item([2, 3, 4], 1, 11), item([2, 3, 4], 2, 11)];
  const compiled = cases.map((each) => compileCase(each));

  it("is within a step of ONNX Runtime's kernel, in both meanings of the axis", async () => {
    for (const each of compiled) {
      const gap = distance(each.expected.get('y')!, (await runOnnx(each)).get('y')!);
      expect(gap.largest, each.name).toBeLessThanOrEqual(1);
    }
  });

  it('is the reference in C', async () => {
    await runKernels(compiled);
  });
});

describe('an axis', () => {
  it('out of range is refused', () => {
    const x = tensorOf('float32', [2, 2], [1, 2, 3, 4]);
    expect(() => compileCase(floatCase('axis', spec('Softmax', 2, 13), [x], [2, 2]))).toThrow(/NC0204.*axis 2/);
  });
});
