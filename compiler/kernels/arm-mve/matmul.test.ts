import { describe, expect, it } from 'vitest';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { matmulCase } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { mveConvOfAll } from './conv-kernel.js';
import { mveMatmul, mveMatvec } from './matmul-kernel.js';

/** One row: inputs in registers and walked, with and without a tail, every number of channels in the last group. */
function cases(seed: number, count: number): NativeCase[] {
  const random = new Random(seed);
  const sizes: [number, number][] = [
    ...[640, 128, 64, 16].map((inner): [number, number] => [inner, 16]),
    ...[1, 2, 3, 4, 5, 6, 7].map((columns): [number, number] => [random.integer(1, 200), columns]),
    ...[1, 15, 17, 80, 81, 96, 100, 143, 272, 333].map((inner): [number, number] => [inner, random.integer(8, 30)]),
  ];
  const vectors = sizes.map(([inner, columns]) => matmulCase(mveMatvec, 1, inner, columns, random));
  const matrices = [1, 16, 40, 64].flatMap((inner) =>
    [2, 3, 5].map((rows) => matmulCase(mveMatmul, rows, inner, random.integer(1, 12), random)),
  );
  const zeros = { zero: -14, outliers: 0.02 };
  const withZeros = (
    [
      [64, 10],
      [640, 16],
      [100, 19],
      [33, 8],
    ] as const
  ).flatMap(([inner, columns]) => [
    matmulCase(mveMatvec, 1, inner, columns, random, 100, 'balanced', zeros),
    matmulCase(mveMatmul, 3, inner, columns, random, 100, 'balanced', { ...zeros, zero: -128 }),
  ]);
  const shapes = Array.from({ length: count }, () => {
    const rows = random.pick([1, 1, random.integer(2, 5)]);
    const zero = random.pick([0, random.integer(-128, 127)]);
    const weights = { zero, outliers: random.pick([0, 0.02]) };
    const [inner, columns] = [random.integer(1, 300), random.integer(1, 24)];
    const option = rows === 1 ? mveMatvec : mveMatmul;
    return matmulCase(option, rows, inner, columns, random, random.pick([60, 128]), 'balanced', weights);
  });
  return [...vectors, ...matrices, ...withZeros, ...shapes].map((built) => built!);
}

describe('matrix products for MVE', () => {
  it('C twin: every byte', { timeout: SWEEP_MS }, async () => {
    await checkOnHost(cases(31, SHAPES.host));
  });

  it('cortex-m55: the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    await checkOnTarget(cases(32, SHAPES.target), 'cortex-m55', 100);
  });

  it('a window of the whole image is a matrix product with one row', async () => {
    const random = new Random(33);
    const spec = { input: [40, 5, 1], outputs: 30, kernel: [5, 1], strides: [3, 1], pads: [0, 0, 0, 0] } as const;
    await checkOnHost([lowered(spec, random, mveConvOfAll)!]);
    expect(lowered({ ...spec, input: [40, 6, 1] }, random, mveConvOfAll)).toBeUndefined();
    expect(lowered({ ...spec, pads: [1, 0, 1, 0] }, random, mveConvOfAll)).toBeUndefined();
  });
});
