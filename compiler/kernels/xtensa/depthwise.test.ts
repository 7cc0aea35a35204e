import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec, zeroPointSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, checkOnTarget, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { Random } from '../../../test/support/random.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import type { KernelOption } from '../../ops/define.js';
import { lxDepthwise, lxDepthwise3x3, lxDepthwiseOne } from './depthwise-kernel.js';

const QUICK = process.env.NANOC_FULL === undefined;
const RANDOM_SHAPES = QUICK ? { host: 25, target: 120 } : { host: 500, target: 300 };
const SLOW_MS = 600_000;
const hasCore = (await simulatedTargets()).includes('lx7');

function depthwise(
  [channels, height, width]: readonly [number, number, number],
  kernel: readonly [number, number],
  more: Partial<ConvSpec> = {},
): ConvSpec {
  const [top, left] = [Math.floor((kernel[0] - 1) / 2), Math.floor((kernel[1] - 1) / 2)];
  const pads = [top, left, kernel[0] - 1 - top, kernel[1] - 1 - left] as const;
  return {
    input: [channels, height, width],
    outputs: channels,
    group: channels,
    kernel,
    strides: [1, 1],
    pads,
    ...more,
  };
}

const chosen: ConvSpec[] = [
  depthwise([64, 25, 5], [3, 3]),
  depthwise([8, 5, 25], [3, 3]),
  depthwise([5, 1, 1], [3, 3]),
  depthwise([4, 2, 9], [3, 3], { pads: [2, 2, 2, 2] }),
  depthwise([4, 9, 4], [3, 3], { pads: [0, 0, 0, 0], clamp: [-50, 60] }),
  depthwise([16, 24, 1], [10, 1], { pads: [0, 0, 0, 0] }),
  depthwise([3, 1, 24], [1, 7], { strides: [1, 2], clamp: [-80, 10] }),
  depthwise([4, 9, 9], [5, 5]),
  depthwise([4, 9, 9], [3, 3], { strides: [2, 2] }),
  depthwise([4, 11, 8], [3, 2], { dilations: [1, 3] }),
  depthwise([6, 8, 11], [2, 3], { dilations: [3, 1], strides: [1, 3] }),
  depthwise([7, 5, 3], [5, 3], { pads: [0, 0, 0, 0] }),
  depthwise([8, 4, 2], [4, 2], { pads: [0, 0, 0, 0], clamp: [-3, 40] }),
  depthwise([8, 21, 1], [21, 1], { pads: [0, 0, 0, 0], extreme: true }),
  depthwise([4, 6, 6], [3, 3], { extreme: true }),
  depthwise([4, 6, 6], [3, 3], { extreme: true, weightZero: 'random' }),
];

const OPTIONS: readonly KernelOption[] = [lxDepthwiseOne, lxDepthwise3x3, lxDepthwise];

/** Every kernel that takes a shape. */
function casesOf(random: Random, count: number): NativeCase[] {
  const shapes = Array.from({ length: count }, (_, i): ConvSpec => {
    const limits = { channels: 9, size: 9, kernel: i % 2 === 0 ? 6 : 3 };
    const spec = random.chance(0.3) ? zeroPointSpec(random, limits) : randomConvSpec(random, limits);
    const channels = spec.input[0];
    const whole = random.chance(0.2)
      ? { kernel: [spec.input[1], spec.input[2]], pads: [0, 0, 0, 0], strides: [1, 1] }
      : {};
    return { ...spec, outputs: channels, group: channels, ...whole } as ConvSpec;
  });
  return [...chosen, ...shapes].flatMap((spec) => OPTIONS.flatMap((option) => lowered(spec, random, option) ?? []));
}

describe('depthwise convolution for Xtensa', () => {
  it('C twins: every byte of chosen and random shapes, alone and over their input', { timeout: SLOW_MS }, async () => {
    const cases = casesOf(new Random(5), RANDOM_SHAPES.host);
    const functions = cases.map((c) => c.case.call.function);
    for (const option of OPTIONS) expect(functions).toContain(option.function);
    await checkOnHost(cases);
  });

  it.skipIf(!hasCore)('the assembly gives the same bytes', { timeout: SLOW_MS }, async () => {
    await checkOnTarget(casesOf(new Random(6), RANDOM_SHAPES.target), 'lx7', chosen.length);
  });

  it('refuses what it cannot do', () => {
    const random = new Random(3);
    expect(lowered(depthwise([4, 9, 9], [3, 3], { strides: [2, 2] }), random, lxDepthwise3x3)).toBeUndefined();
    expect(lowered(depthwise([4, 9, 9], [2, 3], { dilations: [1, 2] }), random, lxDepthwise)).toBeUndefined();
    expect(lowered(depthwise([4, 3, 3], [3, 3]), random, lxDepthwiseOne)).toBeUndefined();
    expect(lowered(depthwise([4, 9, 9], [3, 3]), random, lxDepthwise)).toBeUndefined();
    for (const option of OPTIONS) {
      expect(lowered(depthwise([4, 3, 3], [3, 3], { pads: [0, 0, 0, 0], batches: 2 }), random, option)).toBeUndefined();
    }
  });
});
