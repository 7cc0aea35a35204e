/** The cost model over shapes that its formulas have not been written for: every family, within 15 % each. */
import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec } from '../../test/support/conv-case.js';
import { lowered, type NativeCase } from '../../test/support/native-conv.js';
import { matmulCase } from '../../test/support/native-matmul.js';
import { Random } from '../../test/support/random.js';
import { runCallsOnTarget } from '../../test/support/run-call.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import type { KernelOption } from '../ops/define.js';
import { loadTarget } from '../targets.js';
import { dspConv } from './arm-dsp/conv-kernel.js';
import { dspDepthwise } from './arm-dsp/depthwise-kernel.js';
import { dspConvS16, dspDepthwiseS16 } from './arm-dsp/halfwords-kernel.js';
import { dspMatvec } from './arm-dsp/matmul-kernel.js';
import { dspWindow } from './arm-dsp/window-kernel.js';
import { dspWinograd } from './arm-dsp/winograd-kernel.js';
import { anyRows, mveConv } from './arm-mve/conv-kernel.js';
import { mveConvS16, mveDepthwiseS16 } from './arm-mve/halfwords-kernel.js';
import { mveMatvec } from './arm-mve/matmul-kernel.js';
import { anyPlanes, anyWindow } from './arm-mve/window-kernel.js';
import { v6mConv, v7mConv } from './arm-scalar/conv-kernel.js';
import { v7mDepthwise } from './arm-scalar/depthwise-kernel.js';
import { v6mMatvec, v7mMatvec } from './arm-scalar/matvec-kernel.js';
import { predictInstructions } from './cost.js';
import { rv32Conv } from './riscv/conv-kernel.js';
import { rv32Depthwise } from './riscv/depthwise-kernel.js';
import { rv32Matvec } from './riscv/matvec-kernel.js';
import { lxConv, lxMatmul } from './xtensa/conv-kernel.js';
import { lxDepthwise, lxDepthwise3x3, lxDepthwiseOne } from './xtensa/depthwise-kernel.js';

const SHAPES = process.env.NANOC_FULL === undefined ? 10 : 40;
const TOLERANCE = 0.15;
/** By target; MVE does in one instruction what takes others many. */
const SMALLEST: Readonly<Record<string, number>> = { 'cortex-m55': 4000 };
const SLOW_MS = 300_000;

type Shape = (random: Random) => ConvSpec;

const hasXtensa = (await simulatedTargets()).includes('lx7');

/** Entries of the lists below, where its toolchain is installed. */
function onXtensa<Entry>(entries: readonly Entry[]): readonly Entry[] {
  return hasXtensa ? entries : [];
}

const conv: Shape = (random) => {
  const spec = randomConvSpec(random, { channels: 1, size: 10, kernel: 4 });
  return {
    ...spec,
    input: [random.integer(1, 40), spec.input[1] + 4, spec.input[2] + 4],
    outputs: random.integer(4, 40),
    weightLimit: random.pick([20, 60, 127]),
    extreme: false,
  };
};

const depthwise =
  (kernel: number): Shape =>
  (random) => {
    const spec = randomConvSpec(random, { channels: 1, size: 10, kernel });
    const channels = random.integer(4, 60);
    return {
      ...spec,
      input: [channels, spec.input[1] + 4, spec.input[2] + 4],
      ...{ outputs: channels, group: channels, extreme: false, weightLimit: random.pick([20, 60, 127]) },
    };
  };

const threeByThree =
  (layer: Shape): Shape =>
  (random) => {
    const spec = layer(random);
    const [channels, height, width] = spec.input;
    const even = [channels, height + (height % 2), width + (4 - (width % 4))] as const;
    return { ...spec, input: even, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
  };

const inFours =
  (layer: Shape, multiple: number): Shape =>
  (random) => {
    const spec = layer(random);
    const [channels, height, width] = spec.input;
    return {
      ...spec,
      input: [multiple * Math.ceil(channels / multiple), height, width],
      outputs: 2 * Math.ceil(spec.outputs / 2) + 8,
    };
  };

const narrow: Shape = (random) => {
  const spec = depthwise(3)(random);
  return { ...spec, input: [spec.input[0], random.integer(16, 60), random.integer(spec.kernel[1], 4)] };
};

/** The window is the whole image. */
const whole: Shape = (random) => {
  const spec = depthwise(3)(random);
  const kernel = [random.integer(3, 20), random.integer(2, 5)] as const;
  return {
    ...spec,
    input: [80 + spec.input[0], ...kernel],
    outputs: 80 + spec.outputs,
    group: 80 + spec.outputs,
    kernel,
    strides: [1, 1],
    pads: [0, 0, 0, 0],
  };
};

/** Half of the layers with weights that have zero points, of which a few leave int8. */
const withZeros =
  (layer: Shape): Shape =>
  (random) => ({ ...layer(random), weightLimit: 60, weightZero: random.pick([0, -20, 35]), outliers: 0.003 });

/** int16 activations, whose zero point is at an end of their range or between. */
const halfwords =
  (layer: Shape): Shape =>
  (random) => ({ ...layer(random), halfwords: true, zeroPoint: random.pick([0, -32768, 300]) });

type Image = readonly [string, KernelOption, Shape, 'size' | 'speed' | 'balanced'];

const images: readonly Image[] = [
  ['cortex-m4', dspConv, conv, 'balanced'],
  ['cortex-m4', dspConv, conv, 'speed'],
  ['cortex-m4', dspConv, conv, 'size'],
  ['cortex-m4', dspWinograd, inFours(threeByThree(conv), 4), 'speed'],
  ['cortex-m4', dspDepthwise, threeByThree(depthwise(3)), 'balanced'],
  ['cortex-m4', dspWindow, depthwise(5), 'balanced'],
  ['cortex-m4', dspConvS16, halfwords(conv), 'balanced'],
  ['cortex-m4', dspDepthwiseS16, halfwords(depthwise(4)), 'balanced'],
  ['cortex-m3', v7mConv, conv, 'balanced'],
  ['cortex-m0', v6mConv, conv, 'balanced'],
  ['cortex-m3', v7mDepthwise, depthwise(5), 'balanced'],
  ['cortex-m3', v7mDepthwise, threeByThree(depthwise(3)), 'balanced'],
  ['rv32imc', rv32Conv, conv, 'balanced'],
  ['rv32imc', rv32Conv, conv, 'speed'],
  ['rv32imc', rv32Depthwise, depthwise(5), 'balanced'],
  ['rv32imc', rv32Depthwise, threeByThree(depthwise(3)), 'balanced'],
  ['cortex-m55', mveConv, conv, 'balanced'],
  ['cortex-m55', anyRows, inFours(conv, 16), 'balanced'],
  ['cortex-m55', anyWindow, depthwise(5), 'balanced'],
  ['cortex-m55', anyPlanes, narrow, 'balanced'],
  ['cortex-m55', mveConvS16, halfwords(conv), 'balanced'],
  ['cortex-m55', mveDepthwiseS16, halfwords(depthwise(4)), 'balanced'],
  ['cortex-m55', mveConv, withZeros(conv), 'balanced'],
  ['cortex-m55', anyWindow, withZeros(depthwise(5)), 'balanced'],
  ['cortex-m3', v7mConv, withZeros(conv), 'balanced'],
  ['cortex-m3', v7mDepthwise, withZeros(depthwise(5)), 'balanced'],
  ['rv32imc', rv32Conv, withZeros(conv), 'balanced'],
  ...onXtensa<Image>([
    ['lx7', lxConv, conv, 'balanced'],
    ['lx7', lxConv, withZeros(conv), 'speed'],
    ['lx7', lxDepthwise3x3, threeByThree(depthwise(3)), 'balanced'],
    ['lx7', lxDepthwise, depthwise(6), 'balanced'],
    ['lx7', lxDepthwiseOne, whole, 'balanced'],
  ]),
];

const vectors: readonly (readonly [target: string, option: KernelOption, 'size' | 'balanced'])[] = [
  ...onXtensa([['lx7', lxMatmul, 'balanced'] as const]),
  ['cortex-m4', dspMatvec, 'balanced'],
  ['cortex-m4', dspMatvec, 'size'],
  ['cortex-m3', v7mMatvec, 'balanced'],
  ['cortex-m0', v6mMatvec, 'balanced'],
  ['rv32imc', rv32Matvec, 'balanced'],
  ['cortex-m55', mveMatvec, 'balanced'],
];

/** Lines of the layers that are predicted wrong. */
async function wrong(cases: readonly NativeCase[], target: string): Promise<string[]> {
  const loaded = await loadTarget(target);
  const results = await runCallsOnTarget(
    cases.map((each) => each.case),
    loaded,
  );
  const lines = cases.map(({ case: { call, graph } }, i) => {
    const { instructions: measured } = results[i]!;
    const predicted = predictInstructions(call, graph, loaded);
    return { call, measured, predicted, ratio: (predicted ?? Number.NaN) / measured };
  });
  if (process.env.NANOC_SHOW !== undefined) {
    for (const { call, measured, ratio } of lines) console.log(ratio.toFixed(3), measured, call.function);
  }
  const judged = lines.filter(({ measured }) => measured >= (SMALLEST[target] ?? 20_000));
  expect(judged.length).toBeGreaterThan(0);
  return judged
    .filter(({ ratio }) => !(Math.abs(ratio - 1) <= TOLERANCE))
    .map(({ call, measured, predicted }) => `${call.function}: ${predicted} predicted, ${measured} measured`);
}

describe('the cost model over shapes', () => {
  it.each(images)('images on %s, list entry %#', { timeout: SLOW_MS }, async (target, option, shape, optimize) => {
    const random = new Random(61);
    const cases: NativeCase[] = [];
    for (let i = 0; i < 20 * SHAPES && cases.length < SHAPES; i += 1) {
      const one = lowered(shape(random), random, option, optimize);
      if (one !== undefined) cases.push(one);
    }
    expect(await wrong(cases, target)).toEqual([]);
  });

  it.each(vectors)('vectors on %s, list entry %#', { timeout: SLOW_MS }, async (target, option, optimize) => {
    const random = new Random(62);
    const cases: NativeCase[] = [];
    for (let i = 0; i < SHAPES; i += 1) {
      const limit = random.pick([30, 70, 127]);
      const one = matmulCase(option, 1, random.integer(100, 700), random.integer(40, 160), random, limit, optimize);
      if (one !== undefined) cases.push(one);
    }
    expect(await wrong(cases, target)).toEqual([]);
  });
});
