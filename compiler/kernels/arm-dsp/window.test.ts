import { describe, expect, it } from 'vitest';
import { type ConvSpec, convCase } from '../../../test/support/conv-case.js';
import { Random } from '../../../test/support/random.js';
import { type CallCase, runCalls, runCallsOnTarget } from '../../../test/support/run-call.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import { loadTarget } from '../../targets.js';
import { dspWindow } from './window-kernel.js';

const none: ConvSpec['pads'] = [0, 0, 0, 0];

function spec(
  [channels, height, width]: readonly [number, number, number],
  kernel: ConvSpec['kernel'],
  more: Partial<ConvSpec> = {},
): ConvSpec {
  return {
    input: [channels, height, width],
    outputs: channels,
    group: channels,
    kernel,
    strides: [1, 1],
    pads: none,
    ...more,
  };
}

function specs(random: Random, count: number): ConvSpec[] {
  const chosen = [
    spec([40, 30, 1], [3, 1]),
    spec([128, 28, 1], [5, 1]),
    spec([128, 24, 1], [10, 1]),
    spec([128, 15, 1], [15, 1]),
    spec([16, 9, 9], [3, 3], { strides: [2, 2], pads: [0, 0, 1, 1] }),
    spec([16, 9, 9], [5, 5], { pads: [2, 2, 2, 2] }),
    // Panels of several blocks, the last one shorter; of dilated windows; of less than the whole width.
    spec([8, 23, 20], [5, 5], { pads: [2, 2, 2, 2] }),
    spec([12, 21, 13], [3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2] }),
    spec([6, 15, 14], [5, 5], { pads: [1, 1, 1, 0], strides: [3, 4], batches: 2 }),
    spec([700, 4, 3], [3, 3]),
    spec([5, 4, 6], [2, 3], { clamp: [-50, 60], batches: 2 }),
    spec([8, 4, 4], [4, 4], { extreme: true }),
    spec([8, 6, 6], [3, 3], { pads: [1, 1, 1, 1], weightLimit: 60, weightZero: -20, outliers: 0.03 }),
    spec([7, 6, 6], [5, 3], { extreme: true, weightZero: 'random' }),
    spec([700, 4, 3], [3, 3], { weightLimit: 60, weightZero: 20, outliers: 0.002 }),
  ];
  const any = Array.from({ length: count }, () => {
    const kernel = [random.integer(1, 5), random.integer(1, 4)] as const;
    const pad = (k: number) => (random.chance(0.4) ? random.integer(0, k - 1) : 0);
    const pads = [pad(kernel[0]), pad(kernel[1]), pad(kernel[0]), pad(kernel[1])] as const;
    const size = [random.integer(4, 11), random.integer(5, 8), random.integer(4, 8)] as const;
    return spec(size, kernel, {
      pads,
      strides: [random.integer(1, 2), random.integer(1, 2)],
      extreme: random.chance(0.1),
      ...(random.chance(0.3) ? { weightZero: random.integer(-128, 127), outliers: 0.02, weightLimit: 60 } : {}),
    });
  });
  return [...chosen, ...any];
}

function lowered(each: ConvSpec, random: Random): { case: CallCase; expected: Int8Array } {
  const { graph, node, inputs, expected } = convCase(each, random);
  const view = viewNode(graph, node, operatorOf(node));
  const context = { ...view, features: new Set(['dsp', 'fpu'] as const), diagnostics: new Diagnostics() };
  expect(dspWindow.when!(context)).toBe(true);
  const built = dspWindow.build(context);
  if (!('call' in built)) throw new Error('views for a convolution');
  return { case: { call: built.call, graph, inputs }, expected: expected.data as Int8Array };
}

describe('depthwise convolution of any window for the DSP extension', () => {
  it('C twin: every byte', { timeout: SWEEP_MS }, async () => {
    const random = new Random(31);
    const cases = specs(random, SHAPES.host).map((each) => lowered(each, random));
    const results = await runCalls(cases.map((c) => c.case));
    results.forEach((result, i) => {
      expect(result.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
  });

  it('cortex-m4: the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    const random = new Random(32);
    const cases = specs(random, SHAPES.target).map((each) => lowered(each, random));
    const results = await runCallsOnTarget(
      cases.map((c) => c.case),
      await loadTarget('cortex-m4'),
    );
    results.forEach((result, i) => {
      expect(result.values.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
    if (process.env.NANOC_SHOW === undefined) return;
    results.slice(0, 12).forEach(({ instructions }, i) => {
      const { call } = cases[i]!.case;
      console.log(call.function, instructions, (instructions / call.macs).toFixed(3));
    });
  });
});
