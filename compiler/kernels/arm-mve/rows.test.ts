import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered } from '../../../test/support/native-conv.js';
import { Random } from '../../../test/support/random.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { anyRows, mveRows } from './conv-kernel.js';

const same = [1, 1, 1, 1] as const;

const chosen: ConvSpec[] = [
  { input: [16, 8, 32], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: same },
  { input: [32, 8, 16], outputs: 32, kernel: [3, 3], strides: [1, 1], pads: same },
  { input: [64, 8, 8], outputs: 64, kernel: [3, 3], strides: [1, 1], pads: same },
  { input: [16, 8, 16], outputs: 32, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
  { input: [32, 8, 16], outputs: 64, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
  { input: [64, 5, 9], outputs: 6, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
  { input: [16, 6, 11], outputs: 4, kernel: [3, 3], strides: [1, 1], pads: same, extreme: true },
  { input: [16, 5, 14], outputs: 2, kernel: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2] },
  { input: [32, 4, 8], outputs: 6, kernel: [2, 4], strides: [1, 1], pads: [0, 0, 0, 1], clamp: [-50, 30] },
  { input: [16, 3, 4], outputs: 8, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], batches: 2 },
  { input: [16, 4, 15], outputs: 2, kernel: [2, 3], strides: [1, 3], pads: [0, 0, 0, 0], batches: 2 },
  // Weights with a zero point, without which all fit int8.
  { input: [16, 5, 9], outputs: 4, kernel: [3, 3], strides: [1, 1], pads: same, weightZero: 20, weightLimit: 100 },
];

function cases(seed: number, count: number) {
  const random = new Random(seed);
  const specs = [...chosen];
  while (specs.length < chosen.length + count) {
    const spec = randomConvSpec(random, { channels: 6, size: 9, kernel: 4 });
    const input = [16 * random.integer(1, 3), spec.input[1], spec.input[2] + 8] as const;
    specs.push({ ...spec, input, outputs: 2 * random.integer(1, 5) });
  }
  const built = specs.map((spec) => lowered(spec, random, anyRows));
  expect(built.slice(0, chosen.length).every((item) => item !== undefined)).toBe(true);
  return built.filter((item) => item !== undefined);
}

describe('convolution of four pixels of a row for MVE', () => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    await checkOnHost(cases(51, SHAPES.host));
  });

  it('cortex-m55: the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    await checkOnTarget(cases(52, SHAPES.target), 'cortex-m55', chosen.length);
  });

  it('is chosen where it takes fewer instructions', () => {
    const [first] = chosen;
    expect(lowered(first!, new Random(1), mveRows)).toBeDefined();
    expect(lowered({ ...first!, input: [16, 8, 5] }, new Random(1), anyRows)).toBeDefined();
    expect(lowered({ ...first!, input: [16, 8, 5] }, new Random(1), mveRows)).toBeUndefined();
    expect(lowered({ ...first!, input: [24, 8, 8] }, new Random(1), anyRows)).toBeUndefined();
    expect(lowered({ ...first!, outputs: 5 }, new Random(1), anyRows)).toBeUndefined();
    expect(lowered({ ...first!, weightZero: 20 }, new Random(1), anyRows)).toBeUndefined();
  });
});
