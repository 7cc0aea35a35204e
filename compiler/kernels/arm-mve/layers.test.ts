import { describe, expect, it } from 'vitest';
import { checkOnHost, checkOnTarget, type NativeCase } from '../../../test/support/native-conv.js';
import { type LayerSpec, layerCase, type Operand } from '../../../test/support/native-layer.js';
import { Random } from '../../../test/support/random.js';

const FEATURES = ['mve', 'fpu', 'dsp'] as const;

function binary(op: string, random: Random): LayerSpec {
  // Powers of two: every second sum is a tie.
  const ties = random.chance(0.3);
  const scale = () => (ties ? 2 ** -random.integer(3, 6) : 0.01 * (0.5 + random.next()));
  const shape = [1, random.integer(1, 5), random.integer(1, 6), random.integer(1, 40)];
  const repeated = random.chance(0.3) ? [1, 1, 1, shape[3]!] : shape;
  const operand = (of: readonly number[], factor = 1): Operand => ({
    ...{ shape: of, scale: factor * scale(), zeroPoint: random.integer(-128, 127) },
  });
  const clamp = random.chance(0.3) ? { attributes: { clamp: [random.integer(-100, 0), random.integer(1, 100)] } } : {};
  return {
    op,
    inputs: [operand(shape), operand(repeated)],
    output: operand(shape, op === 'Mul' ? 0.5 : 1.5),
    ...clamp,
  };
}

function maxPool(random: Random): LayerSpec {
  const [channels, height, width] = [random.integer(1, 40), random.integer(3, 8), random.integer(3, 8)];
  const kernel = [random.integer(1, 3), random.integer(1, 3)] as const;
  const strides = [random.integer(1, 2), random.integer(1, 2)] as const;
  const pads = [random.integer(0, kernel[0] - 1), 0, 0, random.integer(0, kernel[1] - 1)] as const;
  const out = (size: number, axis: 0 | 1) =>
    Math.floor((size + pads[axis] + pads[axis + 2]! - kernel[axis]) / strides[axis]) + 1;
  const same = { scale: 0.1, zeroPoint: 0 };
  return {
    ...{ op: 'MaxPool', attributes: { kernel_shape: kernel, strides, pads, dilations: [1, 1] }, nhwc: true },
    inputs: [{ shape: [1, channels, height, width], ...same }],
    output: { shape: [1, channels, out(height, 0), out(width, 1)], ...same },
  };
}

function averageAll(channels: number, size: readonly [number, number], batches = 1): LayerSpec {
  return {
    ...{ op: 'AveragePool', nhwc: true },
    attributes: { kernel_shape: size, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] },
    inputs: [{ shape: [batches, channels, ...size], scale: 0.03, zeroPoint: -7 }],
    output: { shape: [batches, channels, 1, 1], scale: 0.008, zeroPoint: 3 },
  };
}

function cases(seed: number): NativeCase[] {
  const random = new Random(seed);
  const specs = [
    ...['Add', 'Sub', 'Mul'].flatMap((op) => Array.from({ length: 12 }, () => binary(op, random))),
    ...Array.from({ length: 10 }, () => maxPool(random)),
    ...[64, 16, 20, 7, 24, 15].map((channels) => averageAll(channels, [25, 5])),
    ...[averageAll(18, [24, 25]), averageAll(33, [3, 3], 2)],
    ...[1, 15, 16, 100].map((count): LayerSpec => {
      const operand = { shape: [1, count], scale: 0.05, zeroPoint: 4 };
      return { op: 'Sigmoid', inputs: [operand], output: { ...operand, scale: 1 / 256, zeroPoint: -128 } };
    }),
  ];
  return specs.flatMap((spec) => layerCase(spec, FEATURES, random) ?? []);
}

describe('layers of any shape for MVE', () => {
  it('C twin: every byte, alone and over an input', async () => {
    const list = cases(61);
    const functions = new Set(list.map((item) => item.case.call.function));
    const mve = [...functions].filter((name) => name.includes('_mve_'));
    expect(mve).toHaveLength(6);
    await checkOnHost(list);
  });

  it('cortex-m55: the same bytes', async () => {
    await checkOnTarget(cases(62), 'cortex-m55', 0);
  });

  it('leaves inputs that repeat along the innermost dimension to the portable kernels', () => {
    const random = new Random(1);
    const operand = { shape: [2, 8], scale: 0.05, zeroPoint: 4 };
    const scalar = { ...operand, shape: [1] };
    expect(layerCase({ op: 'Add', inputs: [operand, scalar], output: operand }, FEATURES, random)).toBeUndefined();
  });
});
