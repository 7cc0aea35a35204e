import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec, zeroPointSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { Random } from '../../../test/support/random.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import type { KernelOption } from '../../ops/define.js';
import { v6mConv, v7mConv } from './conv-kernel.js';

/** Shapes of real layers, and shapes that are awkward: one column, odd counts, all padding, light and heavy weights. */
const chosen: ConvSpec[] = [
  { input: [64, 5, 5], outputs: 64, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], weightLimit: 60 },
  { input: [1, 12, 10], outputs: 64, kernel: [10, 4], strides: [2, 2], pads: [4, 1, 5, 1], weightLimit: 70 },
  { input: [3, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightLimit: 80 },
  { input: [16, 6, 6], outputs: 32, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1], weightLimit: 40 },
  { input: [16, 7, 7], outputs: 5, kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] },
  { input: [7, 3, 1], outputs: 3, kernel: [3, 2], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [4, 3, 3], outputs: 2, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], batches: 3 },
  { input: [100, 2, 2], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightLimit: 74 },
  { input: [130, 2, 2], outputs: 4, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightLimit: 25 },
  { input: [16, 4, 4], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], extreme: true },
  { input: [8, 4, 4], outputs: 6, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], clamp: [-60, 44] },
  { input: [20, 3, 3], outputs: 9, kernel: [2, 2], strides: [1, 1], pads: [0, 1, 0, 1], weightLimit: 30 },
];

const OPTIONS: Record<string, KernelOption> = { 'cortex-m3': v7mConv, 'cortex-m0': v6mConv };

function casesOf(random: Random, option: KernelOption, count: number): NativeCase[] {
  const shapes = Array.from({ length: count }, () => ({
    ...randomConvSpec(random, { channels: 12, size: 7, kernel: 4 }),
    weightLimit: random.pick([20, 60, 90, 127]),
  }));
  const withZeros = Array.from({ length: Math.ceil(count / 2) }, () =>
    zeroPointSpec(random, { channels: 12, size: 7, kernel: 4 }),
  );
  return [...chosen, ...shapes, ...withZeros].flatMap((spec) => lowered(spec, random, option) ?? []);
}

describe.each(Object.entries(OPTIONS))('convolution for %s', (name, option) => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    const cases = casesOf(new Random(7), option, SHAPES.host);
    expect(cases.length).toBeGreaterThan(15);
    const functions = cases.flatMap((c) => (c.case.call.generated ?? []).map(({ path }) => path)).join(' ');
    for (const part of ['_bytes', '_halfwords', '_by2', '_sums_by4']) expect(functions).toContain(part);
    await checkOnHost(cases);
  });

  it('the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    await checkOnTarget(casesOf(new Random(8), option, SHAPES.target), name, chosen.length);
  });

  it('refuses what it cannot do', () => {
    const random = new Random(3);
    const one: ConvSpec = { input: [4, 3, 3], outputs: 1, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
    expect(lowered(one, random, option)).toBeUndefined();
    expect(lowered({ ...one, outputs: 4, group: 2 }, random, option)).toBeUndefined();
  });
});
