/** Pools on cores that take four bytes in a word (Arm's DSP extension), whose loops the host does not run. */
import { expect, it } from 'vitest';
import { checkOnTarget, type NativeCase } from '../../test/support/native-conv.js';
import { type LayerSpec, layerCase } from '../../test/support/native-layer.js';
import { Random } from '../../test/support/random.js';

function pool(op: 'MaxPool' | 'AveragePool', random: Random, wide = false): LayerSpec {
  const [channels, height, width] = wide
    ? ([5, 20, 18] as const)
    : ([random.integer(1, 21), random.integer(4, 9), random.integer(4, 9)] as const);
  const kernel = wide ? ([19, 17] as const) : ([random.integer(1, 4), random.integer(1, 4)] as const);
  const strides = [random.integer(1, 3), random.integer(1, 3)] as const;
  const pads = wide
    ? ([0, 0, 0, 0] as const)
    : ([random.integer(0, kernel[0] - 1), 0, 0, random.integer(0, kernel[1] - 1)] as const);
  const out = (size: number, axis: 0 | 1) =>
    Math.floor((size + pads[axis] + pads[axis + 2]! - kernel[axis]) / strides[axis]) + 1;
  const from = { scale: 0.1, zeroPoint: random.integer(-128, 127) };
  const to = op === 'MaxPool' ? from : { scale: random.pick([0.1, 0.05, 0.031]), zeroPoint: random.integer(-128, 127) };
  const attributes = { kernel_shape: kernel, strides, pads, dilations: [1, 1] };
  return {
    ...{
      op,
      nhwc: true,
      attributes: op === 'MaxPool' ? attributes : { ...attributes, count_include_pad: random.integer(0, 1) },
    },
    inputs: [{ shape: [1, channels, height, width], ...from }],
    output: { shape: [1, channels, out(height, 0), out(width, 1)], ...to },
  };
}

it.each(['MaxPool', 'AveragePool'] as const)('cortex-m4: %s, every byte', async (op) => {
  const random = new Random(19);
  // More taps than two sums in a word can hold, too.
  const specs = [...Array.from({ length: 30 }, () => pool(op, random)), pool(op, random, true)];
  const cases: NativeCase[] = specs.flatMap((spec) => layerCase(spec, ['dsp', 'fpu'], random, 'portable') ?? []);
  const name = op === 'MaxPool' ? 'nanoc_max_pool_s8' : 'nanoc_average_pool_s8';
  expect(cases.filter((one) => one.case.call.function === name).length).toBeGreaterThan(25);
  await checkOnTarget(cases, 'cortex-m4', 0);
});
