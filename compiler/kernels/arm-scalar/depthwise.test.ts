import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec, zeroPointSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { Random } from '../../../test/support/random.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import type { KernelOption } from '../../ops/define.js';
import { anyPairs, v7mDepthwise } from './depthwise-kernel.js';

const depthwise = (input: [number, number, number], rest: Partial<ConvSpec>): ConvSpec => ({
  ...{ input, outputs: input[0], group: input[0], kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  ...rest,
});

/** Real layers, planes in parts, wide images, windows that are larger than the image, strides, batches. */
const chosen: ConvSpec[] = [
  depthwise([64, 25, 5], {}),
  depthwise([40, 30, 1], { kernel: [3, 1], pads: [0, 0, 0, 0] }),
  depthwise([128, 24, 1], { kernel: [10, 1], pads: [0, 0, 0, 0] }),
  depthwise([16, 15, 1], { kernel: [15, 1], pads: [0, 0, 0, 0] }),
  depthwise([12, 1, 28], { kernel: [1, 5], pads: [0, 2, 0, 2] }),
  depthwise([8, 24, 24], {}),
  depthwise([6, 20, 12], { strides: [2, 1] }),
  depthwise([5, 18, 19], { strides: [2, 2], pads: [0, 0, 1, 1], clamp: [-90, 100] }),
  depthwise([3, 2, 2], { kernel: [5, 5], pads: [2, 2, 2, 2] }),
  depthwise([4, 6, 6], { extreme: true, batches: 2 }),
  depthwise([2, 3, 3], { kernel: [2, 4], pads: [1, 3, 0, 0] }),
  depthwise([7, 9, 9], { weightLimit: 60 }),
  // Weights with a zero point: all fit int8 without it, some do not, none does.
  depthwise([16, 9, 5], { weightLimit: 100, weightZero: -20 }),
  depthwise([16, 9, 5], { weightLimit: 60, weightZero: -20, outliers: 0.02 }),
  depthwise([5, 8, 4], { extreme: true, weightZero: 'random' }),
];

const OPTIONS: Record<string, KernelOption> = { 'cortex-m3': v7mDepthwise, 'cortex-m0': anyPairs };

function casesOf(random: Random, option: KernelOption, count: number): NativeCase[] {
  const shapes = Array.from({ length: count }, () => {
    const spec = randomConvSpec(random, { channels: 9, size: 11, kernel: 4 });
    return { ...spec, outputs: spec.input[0], group: spec.input[0] };
  });
  const withZeros = Array.from({ length: Math.ceil(count / 2) }, () => {
    const spec = zeroPointSpec(random, { channels: 9, size: 11, kernel: 4 });
    return { ...spec, outputs: spec.input[0], group: spec.input[0] };
  });
  return [...chosen, ...shapes, ...withZeros].flatMap((spec) => lowered(spec, random, option) ?? []);
}

describe.each(Object.entries(OPTIONS))('depthwise convolution for %s', (name, option) => {
  it('C: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    const cases = casesOf(new Random(19), option, SHAPES.host);
    expect(cases.length).toBe(chosen.length + 1.5 * SHAPES.host);
    expect(cases.some(({ case: { call } }) => /_r[1-9]_/.test(call.function))).toBe(true);
    expect(cases.some(({ case: { call } }) => /fixed_exact/.test(call.function))).toBe(true);
    await checkOnHost(cases);
  });

  it('the target gives the same bytes', { timeout: SWEEP_MS }, async () => {
    await checkOnTarget(casesOf(new Random(18), option, SHAPES.target), name, chosen.length);
  });

  it('refuses what it cannot do', () => {
    const random = new Random(3);
    expect(lowered({ ...depthwise([4, 3, 3], {}), outputs: 8 }, random, option)).toBeUndefined();
    expect(lowered({ ...depthwise([4, 3, 3], {}), group: 2 }, random, option)).toBeUndefined();
  });
});
