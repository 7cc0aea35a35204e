import { describe, expect, it } from 'vitest';
import type { ConvSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { matmulCase } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import type { LowerContext } from '../../ops/define.js';
import { rv32ConvOfAll, rv32Matvec } from './matvec-kernel.js';

const QUICK = process.env.NANOC_FULL === undefined;
const RANDOM_SHAPES = QUICK ? { host: 10, target: 100 } : { host: 400, target: 2000 };
const SLOW_MS = 600_000;

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
  [222, 4, 12],
  [300, 8, 64],
  [513, 7, 128],
];

function cases(random: Random, optimize: LowerContext['optimize'], count: number): NativeCase[] {
  const vectors = chosen.map(([inner, columns, limit]) =>
    matmulCase(rv32Matvec, 1, inner, columns, random, limit, optimize),
  );
  const shapes = Array.from({ length: count }, () => {
    const limit = random.pick([15, 40, 90, 128]);
    return matmulCase(rv32Matvec, 1, random.integer(1, 150), random.integer(4, 13), random, limit, optimize);
  });
  // Weights with a zero point: few leave int8 without it.
  const zeros = { zero: -14, outliers: 0.02 };
  const withZeros = (
    [
      [64, 10],
      [131, 8],
      [640, 16],
    ] as const
  ).map(([inner, columns]) => matmulCase(rv32Matvec, 1, inner, columns, random, 30, optimize, zeros));
  return [...vectors, ...shapes, ...withZeros].filter((built) => built !== undefined);
}

describe('fully connected layers for RV32IM', () => {
  it('C twin: every byte', { timeout: SLOW_MS }, async () => {
    const list = cases(new Random(31), 'balanced', RANDOM_SHAPES.host);
    expect(list.length).toBe(chosen.length + RANDOM_SHAPES.host + 3);
    const functions = list.map(({ case: { call } }) => call.function).join(' ');
    for (const part of ['_by16', '_by8', '_by4', '_bytes', '_halfwords', '_exact', '_summed', '_local'])
      expect(functions).toContain(part);
    await checkOnHost(list);
  });

  it('the assembly gives the same bytes', { timeout: SLOW_MS }, async () => {
    const list = [cases(new Random(32), 'balanced', RANDOM_SHAPES.target), cases(new Random(33), 'speed', 0)].flat();
    await checkOnTarget(list, 'rv32imc', chosen.length);
  });

  it('a window of the whole image is a fully connected layer', async () => {
    const spec: ConvSpec = { input: [40, 5, 1], outputs: 32, kernel: [5, 1], strides: [3, 1], pads: [0, 0, 0, 0] };
    const bounded = { ...spec, clamp: [-50, 60] } as const;
    await checkOnHost([spec, bounded].map((each) => lowered(each, new Random(9), rv32ConvOfAll)!));
    expect(lowered({ ...spec, input: [40, 6, 1] }, new Random(9), rv32ConvOfAll)).toBeUndefined();
  });

  it('refuses fewer than four columns and several rows', () => {
    expect(matmulCase(rv32Matvec, 1, 8, 3, new Random(1))).toBeUndefined();
    expect(matmulCase(rv32Matvec, 2, 8, 4, new Random(1))).toBeUndefined();
  });
});
