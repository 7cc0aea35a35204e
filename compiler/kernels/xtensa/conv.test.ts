import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec, zeroPointSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { matmulCase } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import type { LowerContext } from '../../ops/define.js';
import { lxConv, lxMatmul } from './conv-kernel.js';

const QUICK = process.env.NANOC_FULL === undefined;
const RANDOM_SHAPES = QUICK ? { host: 30, target: 150 } : { host: 600, target: 300 };
const SLOW_MS = 600_000;
const hasCore = (await simulatedTargets()).includes('lx7');

/** Shapes of real layers, and shapes that are awkward: one output, odd counts, all padding, pixels that are no whole words. */
const chosen: ConvSpec[] = [
  { input: [64, 5, 5], outputs: 64, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [1, 12, 10], outputs: 64, kernel: [10, 4], strides: [2, 2], pads: [4, 1, 5, 1] },
  { input: [3, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [16, 6, 6], outputs: 32, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
  { input: [16, 7, 7], outputs: 5, kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] },
  { input: [7, 3, 1], outputs: 3, kernel: [3, 2], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [8, 2, 2], outputs: 1, kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [4, 3, 4], outputs: 6, kernel: [4, 2], strides: [1, 1], pads: [3, 1, 0, 1], batches: 2 },
  { input: [4, 1, 1], outputs: 6, kernel: [3, 5], strides: [2, 1], pads: [2, 4, 2, 4] },
  { input: [130, 2, 3], outputs: 4, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [16, 4, 4], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], extreme: true },
  { input: [8, 4, 4], outputs: 6, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], clamp: [-60, 44] },
  // Weights with a zero point: at the limits, and one for each channel, of one pixel too.
  {
    input: [16, 5, 4],
    outputs: 7,
    kernel: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    weightZero: -128,
    extreme: true,
  },
  { input: [3, 5, 5], outputs: 8, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1], weightZero: 127, extreme: true },
  { input: [12, 3, 1], outputs: 9, kernel: [3, 1], strides: [1, 1], pads: [0, 0, 0, 0], weightZero: 'random' },
];

function casesOf(random: Random, count: number): NativeCase[] {
  const shapes = Array.from({ length: count }, () => randomConvSpec(random, { channels: 12, size: 7, kernel: 4 }));
  const withZeros = Array.from({ length: Math.ceil(count / 2) }, () =>
    zeroPointSpec(random, { channels: 12, size: 7, kernel: 4 }),
  );
  const images = [...chosen, ...shapes, ...withZeros].flatMap((spec, i) => {
    const optimize = (['balanced', 'speed', 'size'] as const satisfies LowerContext['optimize'][])[i % 3];
    return lowered(spec, random, lxConv, optimize) ?? [];
  });
  const matrices = [1, 3, 17, 300].flatMap((inner) =>
    [1, 2, 19].map((rows) => matmulCase(lxMatmul, rows, inner, random.integer(1, 9), random)!),
  );
  return [...images, ...matrices];
}

describe('convolution for Xtensa', () => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SLOW_MS }, async () => {
    const cases = casesOf(new Random(7), RANDOM_SHAPES.host);
    // Few take more than 24 bits for a sum.
    expect(cases.length).toBeGreaterThan(chosen.length + 1.4 * RANDOM_SHAPES.host + 12);
    await checkOnHost(cases);
  });

  it.skipIf(!hasCore)('the assembly gives the same bytes', { timeout: SLOW_MS }, async () => {
    await checkOnTarget(casesOf(new Random(8), RANDOM_SHAPES.target), 'lx7', chosen.length);
  });

  it('refuses what it cannot do', () => {
    const random = new Random(3);
    const one: ConvSpec = { input: [4, 3, 3], outputs: 4, kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] };
    expect(lowered(one, random, lxConv)).toBeDefined();
    expect(lowered({ ...one, group: 2 }, random, lxConv)).toBeUndefined();
    expect(lowered({ ...one, dilations: [1, 2] }, random, lxConv)).toBeUndefined();
    // 256 times its sums has more than 32 bits.
    expect(matmulCase(lxMatmul, 2, 3000, 2, random)).toBeUndefined();
  });
});
