import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec, zeroPointSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { matmulCase } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import type { LowerContext } from '../../ops/define.js';
import { rv32Conv, rv32ConvOfPairs, rv32Matmul, rv32MatmulOfPairs } from './conv-kernel.js';

/** Compiling them is what takes the time, most of all under sanitizers. */
const QUICK = process.env.NANOC_FULL === undefined;
const RANDOM_SHAPES = QUICK ? { host: 10, target: 100 } : { host: 400, target: 3000 };
const SLOW_MS = 600_000;

/** Shapes of real layers, and shapes that are awkward: one column, odd counts, all padding, far channels, light and heavy weights. */
const chosen: ConvSpec[] = [
  { input: [64, 5, 5], outputs: 64, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], weightLimit: 60 },
  { input: [1, 12, 10], outputs: 64, kernel: [10, 4], strides: [2, 2], pads: [4, 1, 5, 1], weightLimit: 70 },
  { input: [3, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightLimit: 80 },
  { input: [16, 6, 6], outputs: 32, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1], weightLimit: 40 },
  { input: [16, 7, 7], outputs: 5, kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] },
  { input: [7, 3, 1], outputs: 3, kernel: [3, 2], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [4, 3, 3], outputs: 2, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], batches: 3 },
  { input: [4, 3, 4], outputs: 6, kernel: [2, 2], strides: [1, 1], pads: [0, 1, 0, 1], batches: 2 },
  { input: [100, 2, 2], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightLimit: 74 },
  { input: [130, 2, 3], outputs: 4, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightLimit: 25 },
  { input: [16, 4, 4], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], extreme: true },
  { input: [8, 4, 4], outputs: 6, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], clamp: [-60, 44] },
  { input: [8, 3, 3], outputs: 700, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], weightLimit: 50 },
  { input: [8, 1, 2], outputs: 2100, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], weightLimit: 50 },
  { input: [16, 12, 12], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightLimit: 50 },
];

/** Two, four or six pixels at a time. */
function casesOf(random: Random, count: number): NativeCase[] {
  const shapes = Array.from({ length: count }, () => ({
    ...randomConvSpec(random, { channels: 12, size: 7, kernel: 4 }),
    weightLimit: random.pick([20, 60, 90, 127]),
  }));
  const limits = { channels: 12, size: 7, kernel: 4 };
  const withZeros = Array.from({ length: Math.ceil(count / 2) }, () => zeroPointSpec(random, limits));
  const images = [...chosen, ...shapes, ...withZeros].flatMap((spec, i) => {
    const optimize: LowerContext['optimize'] = i % 2 === 0 ? 'balanced' : 'speed';
    return lowered(spec, random, rv32Conv, optimize) ?? [];
  });
  const matrices = [1, 3, 17, 300].flatMap((inner) =>
    [2, 5].map((rows) => matmulCase(rv32Matmul, rows, inner, random.integer(2, 9), random, inner > 100 ? 40 : 100)!),
  );
  return [...images, ...matrices];
}

describe('convolution for RV32IM', () => {
  it('takes a pair at a time where another option is asked', async () => {
    const random = new Random(11);
    const list = [
      ...chosen.slice(0, 4).map((spec) => lowered(spec, random, rv32ConvOfPairs)!),
      matmulCase(rv32MatmulOfPairs, 5, 17, 8, random, 60)!,
    ];
    for (const { case: own } of list) expect(own.call.function).toMatch(/_by2$/);
    await checkOnHost(list);
  });

  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SLOW_MS }, async () => {
    const cases = casesOf(new Random(7), RANDOM_SHAPES.host);
    expect(cases.length).toBeGreaterThan(chosen.length + RANDOM_SHAPES.host);
    const files = cases.flatMap((c) => (c.case.call.generated ?? []).map(({ path }) => path)).join(' ');
    const parts = ['_bytes', '_halfwords', '_by2', '_sums_by4', 'rv32_1x', 'rv32_2x', 'rv32_3x'];
    for (const part of parts) expect(files).toContain(part);
    await checkOnHost(cases);
  });

  it('the assembly gives the same bytes', { timeout: SLOW_MS }, async () => {
    await checkOnTarget(casesOf(new Random(8), RANDOM_SHAPES.target), 'rv32imc', chosen.length);
  });

  it('refuses what it cannot do', () => {
    const random = new Random(3);
    const one: ConvSpec = { input: [4, 3, 3], outputs: 1, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
    expect(lowered(one, random, rv32Conv)).toBeUndefined();
    expect(lowered({ ...one, outputs: 4, group: 2 }, random, rv32Conv)).toBeUndefined();
    expect(matmulCase(rv32Matmul, 1, 8, 4, random)).toBeUndefined();
  });
});
