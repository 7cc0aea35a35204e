import { describe, expect, it } from 'vitest';
import type { ConvSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { matmulCase } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { v6mMatmul, v7mMatmul } from './conv-kernel.js';
import { v6mConvOfAll, v6mMatvec, v6mWideConvOfAll, v6mWideMatvec, v7mConvOfAll, v7mMatvec } from './matvec-kernel.js';

const OPTIONS = {
  'cortex-m3': { matvec: v7mMatvec, matmul: v7mMatmul, convOfAll: v7mConvOfAll },
  'cortex-m0': { matvec: v6mMatvec, matmul: v6mMatmul, convOfAll: v6mConvOfAll },
  'cortex-m0 wide': { matvec: v6mWideMatvec, matmul: v6mMatmul, convOfAll: v6mWideConvOfAll },
};

/** Inputs, columns and largest weight: layers of real models, then lengths that end in the middle of groups. */
const chosen: [number, number, number][] = [
  [640, 128, 20],
  [128, 128, 25],
  [128, 640, 30],
  [64, 12, 90],
  [8, 128, 40],
  [1, 4, 128],
  [2, 5, 128],
  [7, 9, 60],
  [27, 6, 128],
  [131, 8, 36],
  [256, 8, 60],
  [222, 4, 12],
  [300, 8, 64],
  [513, 7, 128],
];

function cases(target: keyof typeof OPTIONS, random: Random, count: number): NativeCase[] {
  const { matvec, matmul } = OPTIONS[target];
  const vectors = chosen.map(([inner, columns, limit]) => matmulCase(matvec, 1, inner, columns, random, limit));
  const shapes = Array.from({ length: count }, () => {
    const limit = random.pick([15, 40, 90, 128]);
    return matmulCase(matvec, 1, random.integer(1, 150), random.integer(4, 13), random, limit);
  });
  const matrices = [1, 3, 4, 17].flatMap((inner) =>
    [2, 3, 5].map((rows) => matmulCase(matmul, rows, inner, random.integer(2, 9), random, 100)),
  );
  // Weights with a zero point: few leave int8 without it.
  const zeros = { zero: -14, outliers: 0.02 };
  const withZeros = (
    [
      [64, 10],
      [131, 8],
      [640, 16],
    ] as const
  ).flatMap(([inner, columns]) => [
    matmulCase(matvec, 1, inner, columns, random, 30, 'balanced', zeros),
    matmulCase(matmul, 3, inner, columns, random, 30, 'balanced', { ...zeros, outliers: 1 / inner }),
  ]);
  return [...vectors, ...shapes, ...matrices, ...withZeros].filter((built) => built !== undefined);
}

/** More inputs than the wide form takes. */
const tooMany = (own: keyof typeof OPTIONS) =>
  own === 'cortex-m0 wide' ? chosen.filter(([inner]) => inner > 256).length + 1 : 0;

describe.each(['cortex-m3', 'cortex-m0', 'cortex-m0 wide'] as const)('fully connected layers for %s', (own) => {
  const target = own === 'cortex-m3' ? own : 'cortex-m0';

  it('C twin: every byte', { timeout: SWEEP_MS }, async () => {
    const list = cases(own, new Random(31), SHAPES.host);
    expect(list.length).toBe(chosen.length + SHAPES.host + 18 - tooMany(own));
    const functions = list.map(({ case: { call } }) => call.function).join(' ');
    for (const part of ['_by16', '_by8', '_by4', '_bytes', '_exact', '_clamp', '_local'])
      expect(functions).toContain(part);
    // Positions above 255.
    expect(/matvec_\S*_halfwords/.test(functions)).toBe(own !== 'cortex-m0 wide');
    expect(functions.includes('_wide')).toBe(own === 'cortex-m0 wide');
    expect(functions.includes('_summed')).toBe(target === 'cortex-m3');
    await checkOnHost(list);
  });

  it('the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    await checkOnTarget(cases(own, new Random(32), SHAPES.target), target, chosen.length);
  });

  it('for speed, and for few groups, their words are made before', async () => {
    const { matvec } = OPTIONS[own];
    const random = new Random(5);
    const list = [640, 128]
      .slice(own === 'cortex-m0 wide' ? 1 : 0)
      .map((inner) => matmulCase(matvec, 1, inner, 8, random, 30, 'speed')!);
    expect(list.map(({ case: { call } }) => call.function).join(' ')).not.toContain('_summed');
    await checkOnHost(list);
    await checkOnTarget(list, target, list.length);
  });

  it('a window of the whole image is a fully connected layer', async () => {
    const option = OPTIONS[own].convOfAll;
    const spec: ConvSpec = { input: [40, 5, 1], outputs: 32, kernel: [5, 1], strides: [3, 1], pads: [0, 0, 0, 0] };
    await checkOnHost([lowered(spec, new Random(9), option)!]);
    expect(lowered({ ...spec, input: [40, 6, 1] }, new Random(9), option)).toBeUndefined();
  });

  it('refuses fewer than four columns and several rows', () => {
    const { matvec, matmul } = OPTIONS[target];
    expect(matmulCase(matvec, 1, 8, 3, new Random(1))).toBeUndefined();
    expect(matmulCase(matvec, 2, 8, 4, new Random(1))).toBeUndefined();
    expect(matmulCase(matmul, 1, 8, 4, new Random(1))).toBeUndefined();
  });
});
