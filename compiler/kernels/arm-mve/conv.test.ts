import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec, zeroPointSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered } from '../../../test/support/native-conv.js';
import { Random } from '../../../test/support/random.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { mveConv } from './conv-kernel.js';

const plain = { strides: [1, 1], pads: [0, 0, 0, 0] } as const;

/** Shapes of real layers, and awkward ones: one column, odd counts, all padding, tails of inputs and channels. */
const chosen: ConvSpec[] = [
  { ...plain, input: [64, 5, 5], outputs: 64, kernel: [1, 1] },
  { input: [1, 12, 10], outputs: 64, kernel: [10, 4], strides: [2, 2], pads: [4, 1, 5, 1] },
  { input: [3, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { ...plain, input: [16, 7, 7], outputs: 32, kernel: [1, 1], strides: [2, 2] },
  { ...plain, input: [32, 6, 5], outputs: 13, kernel: [1, 1], strides: [2, 2] },
  { ...plain, input: [128, 3, 3], outputs: 128, kernel: [1, 1] },
  { ...plain, input: [512, 3, 1], outputs: 6, kernel: [1, 1] },
  { ...plain, input: [260, 2, 2], outputs: 4, kernel: [1, 1] },
  { ...plain, input: [24, 2, 3], outputs: 1, kernel: [1, 1], batches: 3 },
  { ...plain, input: [16, 1, 1], outputs: 3, kernel: [1, 1] },
  { input: [7, 3, 1], outputs: 3, kernel: [3, 2], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [100, 2, 2], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [16, 4, 4], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], extreme: true },
  { ...plain, input: [8, 4, 4], outputs: 6, kernel: [1, 1], clamp: [-60, 44] },
  { ...plain, input: [48, 3, 5], outputs: 8, kernel: [1, 1], clamp: [-100, 90] },
  // Weights with a zero point: inputs held, walked, read in place, and a row of single pixels.
  { ...plain, input: [16, 6, 6], outputs: 9, kernel: [3, 3], weightZero: -12 },
  { ...plain, input: [64, 3, 3], outputs: 6, kernel: [3, 3], weightZero: 9 },
  { ...plain, input: [512, 3, 1], outputs: 6, kernel: [1, 1], weightZero: 127 },
  { ...plain, input: [32, 3, 3], outputs: 8, kernel: [1, 1], weightZero: -128, extreme: true },
  { input: [3, 8, 8], outputs: 16, kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], weightZero: 'random' },
];

function cases(seed: number, count: number) {
  const random = new Random(seed);
  const limits = { channels: 40, size: 7, kernel: 4 };
  const shapes = Array.from({ length: count }, () => randomConvSpec(random, limits));
  const withZeros = Array.from({ length: Math.ceil(count / 2) }, () => zeroPointSpec(random, limits));
  const specs = [...chosen, ...shapes, ...withZeros];
  return specs.map((spec) => lowered(spec, random, mveConv)!);
}

describe('convolution for MVE', () => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    await checkOnHost(cases(21, SHAPES.host));
  });

  it('cortex-m55: the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    await checkOnTarget(cases(22, SHAPES.target), 'cortex-m55', chosen.length);
  });

  it('refuses what it cannot do, with the reason', () => {
    const grouped: ConvSpec = { ...plain, input: [4, 3, 3], outputs: 4, kernel: [1, 1], group: 2 };
    expect(lowered(grouped, new Random(3), mveConv)).toBeUndefined();
  });
});
