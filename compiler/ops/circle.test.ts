/** Sin and Cos: near the real functions for numbers of any size, equal to ONNX Runtime within 1e-6, and the kernels equal to the reference. */
import { describe, expect, it } from 'vitest';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { cosF32, sinF32 } from '../numerics/float-math.js';

const random = new Random(77);
const BOUND = 1.2e-7;
const quarter = (turns: number) => Math.fround((turns * Math.PI) / 2);
/** Around quarters of a turn, the ends of float32, and of any exponent. */
const points = Float32Array.from([
  ...[0, -0, 1e-45, 0.785398, 0.78539819, 1.9999999, 2, -2, 3.4028234e38, -3.4028234e38, 16777216],
  ...Array.from({ length: 40 }, (_, i) => quarter(i - 20)),
  ...Array.from({ length: 400 }, () => (random.next() - 0.5) * 40),
  ...Array.from({ length: 2000 }, () => (random.next() * 2 - 1) * 2 ** random.integer(-30, 127)),
]);

function caseOf(op: string): OperatorCase {
  const shape = [1, points.length];
  return {
    name: op,
    model: {
      opset: 17,
      inputs: [{ name: 'x', dtype: 'float32', shape }],
      outputs: [{ name: 'y', dtype: 'float32', shape }],
      nodes: [{ op, inputs: ['x'], outputs: ['y'] }],
    },
    inputs: { x: { dtype: 'float32', shape, data: points } },
  };
}

describe.each([
  ['Sin', sinF32, Math.sin],
  ['Cos', cosF32, Math.cos],
] as const)('%s', (op, own, real) => {
  it('is within its bound', () => {
    for (const x of points) expect(Math.abs(own(x) - real(x)), String(x)).toBeLessThan(BOUND);
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) expect(own(x)).toBeNaN();
    expect(sinF32(-0)).toBe(-0);
  });

  it('is what ONNX Runtime computes', async () => {
    const item = caseOf(op);
    const onnx = (await runOnnx(item)).get('y')!.data as Float32Array;
    const { expected } = compileCase(item);
    (expected.get('y')!.data as Float32Array).forEach((value, i) => {
      expect(Math.abs(value - onnx[i]!), String(points[i])).toBeLessThan(1e-6);
    });
  });

  it('the kernel has the bits of the reference', async () => {
    await runKernels([compileCase(caseOf(op))]);
  });
});
