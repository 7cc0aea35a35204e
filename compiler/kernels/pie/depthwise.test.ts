import { describe, expect, it } from 'vitest';
import type { ConvSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { checkOnVectors, compileUnoptimized } from '../../../test/support/pie.js';
import { Random } from '../../../test/support/random.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { pieDepthwise } from './depthwise.js';

const hasCore = (await simulatedTargets()).includes('lx7-pie');

function depthwise(channels: number, spec: Partial<ConvSpec>): ConvSpec {
  const three = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] } as const;
  return { input: [channels, 6, 5], outputs: channels, group: channels, ...three, ...spec };
}

/** Strides, pads on one side alone, single rows and columns, windows beyond the registers, activations, sums at the ends. */
const chosen: ConvSpec[] = [
  depthwise(64, { input: [64, 25, 5] }),
  depthwise(16, { strides: [2, 2], pads: [0, 0, 1, 1], input: [16, 8, 8] }),
  depthwise(32, { kernel: [5, 5], pads: [2, 2, 2, 2] }),
  depthwise(16, { kernel: [1, 3], pads: [0, 0, 0, 2] }),
  depthwise(16, { kernel: [4, 1], pads: [3, 0, 0, 0], strides: [3, 1] }),
  depthwise(16, { kernel: [2, 2], pads: [0, 0, 0, 0], strides: [3, 3] }),
  depthwise(48, { input: [48, 1, 1], kernel: [3, 3] }),
  depthwise(16, { extreme: true }),
  depthwise(16, { clamp: [-60, 44] }),
];

function casesOf(random: Random, count: number): NativeCase[] {
  const shapes = Array.from({ length: count }, (): ConvSpec => {
    const size = () => random.integer(5, 9);
    const pad = () => random.integer(0, 3);
    const kernel = [random.integer(1, 5), random.integer(1, 5)] as const;
    const strides = [random.integer(1, 3), random.integer(1, 3)] as const;
    const clamp = random.chance(0.2) ? ([random.integer(-128, 0), random.integer(1, 127)] as const) : undefined;
    const channels = 16 * random.integer(1, 3);
    return depthwise(channels, {
      input: [channels, size(), size()],
      kernel,
      strides,
      pads: [pad(), pad(), pad(), pad()],
      extreme: random.chance(0.1),
      ...(clamp === undefined ? {} : { clamp }),
    });
  });
  return [...chosen, ...shapes].flatMap((spec) => lowered(spec, random, pieDepthwise) ?? []);
}

describe('depthwise convolution for the vectors of the ESP32-S3', () => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    const cases = casesOf(new Random(7), SHAPES.host);
    // Few windows of weights at the limits could have a sum of more than 20 bits.
    expect(cases.length).toBeGreaterThan(chosen.length + 0.9 * SHAPES.host);
    await checkOnHost(cases);
  });

  it.skipIf(!hasCore)('the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    await checkOnVectors(casesOf(new Random(8), SHAPES.target), chosen.length);
  });

  it.skipIf(!hasCore)('the assembly has registers enough without optimization', async () => {
    await compileUnoptimized(casesOf(new Random(8), 0));
  });

  it('refuses what it cannot do', () => {
    const random = new Random(3);
    expect(lowered(depthwise(16, {}), random, pieDepthwise)).toBeDefined();
    expect(lowered(depthwise(8, {}), random, pieDepthwise)).toBeUndefined();
    expect(lowered(depthwise(16, { outputs: 32 }), random, pieDepthwise)).toBeUndefined();
    expect(lowered(depthwise(16, { dilations: [1, 2] }), random, pieDepthwise)).toBeUndefined();
    expect(lowered(depthwise(16, { batches: 2 }), random, pieDepthwise)).toBeUndefined();
    expect(lowered(depthwise(16, { weightZero: 127 }), random, pieDepthwise)).toBeUndefined();
    // 64 times 128 times 127 has more than 20 bits.
    const wide = { kernel: [8, 8], input: [16, 8, 8], pads: [0, 0, 0, 0], extreme: true } as const;
    expect(lowered(depthwise(16, wide), random, pieDepthwise)).toBeUndefined();
  });
});
