import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec, zeroPointSpec } from '../../../test/support/conv-case.js';
import { checkOnHost, lowered, type NativeCase } from '../../../test/support/native-conv.js';
import { matmulCase } from '../../../test/support/native-matmul.js';
import { checkOnVectors, compileUnoptimized } from '../../../test/support/pie.js';
import { Random } from '../../../test/support/random.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { pieConv, pieMatmul } from './conv.js';

const hasCore = (await simulatedTargets()).includes('lx7-pie');

/** Shapes of real layers, and shapes that are awkward: all padding, odd counts of vectors and channels, windows read in place and copied. */
const chosen: ConvSpec[] = [
  { input: [64, 5, 5], outputs: 64, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [1, 12, 10], outputs: 64, kernel: [10, 4], strides: [2, 2], pads: [4, 1, 5, 1] },
  { input: [3, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [16, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [64, 4, 4], outputs: 64, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [16, 6, 6], outputs: 32, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
  { input: [16, 7, 7], outputs: 5, kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] },
  { input: [32, 3, 3], outputs: 7, kernel: [3, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [7, 3, 1], outputs: 3, kernel: [3, 2], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [8, 2, 2], outputs: 1, kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [16, 3, 4], outputs: 6, kernel: [4, 2], strides: [1, 1], pads: [3, 1, 0, 1], batches: 2 },
  { input: [16, 1, 1], outputs: 6, kernel: [3, 5], strides: [2, 1], pads: [2, 4, 2, 4] },
  { input: [112, 2, 3], outputs: 4, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [80, 2, 3], outputs: 3, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [16, 4, 4], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], extreme: true },
  { input: [16, 4, 4], outputs: 6, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], clamp: [-60, 44] },
];

/** Half of them with whole vectors of channels, a quarter with weights that have zero points. */
function casesOf(random: Random, count: number): NativeCase[] {
  const limits = { channels: 12, size: 7, kernel: 4 };
  const shapes = Array.from({ length: count }, (_, i) => {
    const spec = i % 4 < 3 ? randomConvSpec(random, limits) : zeroPointSpec(random, limits);
    const [, height, width] = spec.input;
    return i % 2 === 0 ? spec : { ...spec, input: [16 * random.integer(1, 3), height, width] as const };
  });
  const images = [...chosen, ...shapes].flatMap((spec) => lowered(spec, random, pieConv) ?? []);
  const inners = [3, 16, 112, 640, 700, ...Array.from({ length: count / 10 }, () => random.integer(1, 300))];
  const matrices = inners.flatMap((inner) =>
    [1, 3].map((rows) => matmulCase(pieMatmul, rows, inner, random.integer(1, 9), random)!),
  );
  return [...images, ...matrices];
}

describe('convolution for the vectors of the ESP32-S3', () => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    const cases = casesOf(new Random(7), SHAPES.host);
    // Some weights less their zero points are no bytes.
    expect(cases.length).toBeGreaterThan(chosen.length + 0.8 * SHAPES.host);
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
    const one: ConvSpec = { input: [4, 3, 3], outputs: 4, kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] };
    expect(lowered(one, random, pieConv)).toBeDefined();
    expect(lowered({ ...one, group: 2 }, random, pieConv)).toBeUndefined();
    expect(lowered({ ...one, dilations: [1, 2] }, random, pieConv)).toBeUndefined();
    expect(lowered({ ...one, weightZero: 127 }, random, pieConv)).toBeUndefined();
    expect(matmulCase(pieMatmul, 2, 4097, 2, random)).toBeUndefined();
  });
});
