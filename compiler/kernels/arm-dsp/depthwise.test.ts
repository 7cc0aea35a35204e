import { describe, expect, it } from 'vitest';
import { type ConvSpec, convCase } from '../../../test/support/conv-case.js';
import { Random } from '../../../test/support/random.js';
import { type CallCase, runCalls, runCallsOnTarget } from '../../../test/support/run-call.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import { loadTarget } from '../../targets.js';
import { dspDepthwise } from './depthwise-kernel.js';

function spec(
  channels: number,
  height: number,
  width: number,
  pads: ConvSpec['pads'],
  more: Partial<ConvSpec> = {},
): ConvSpec {
  return {
    input: [channels, height, width],
    outputs: channels,
    group: channels,
    kernel: [3, 3],
    strides: [1, 1],
    pads,
    ...more,
  };
}

/** Three levels make thousands of them. */
const EACH_LEVEL = Math.max(12, SHAPES.target / 2);

const same: ConvSpec['pads'] = [1, 1, 1, 1];

function specs(random: Random, count: number): ConvSpec[] {
  const chosen = [
    spec(64, 25, 5, same),
    spec(16, 16, 16, same),
    spec(4, 4, 11, same, { extreme: true }),
    spec(8, 3, 3, [0, 0, 0, 0]),
    spec(8, 3, 13, [0, 0, 0, 0]),
    spec(8, 1, 1, same),
    spec(4, 2, 1, same, { batches: 2 }),
    spec(4, 5, 6, same, { clamp: [-30, 70] }),
    spec(8, 5, 6, same, { weightLimit: 100, weightZero: 27 }),
  ];
  const any = Array.from({ length: count }, () => {
    const pad = () => random.integer(0, 1);
    const size = () => random.integer(3, 24);
    return spec(4 * random.integer(1, 3), random.integer(3, 8), size(), [pad(), pad(), pad(), pad()], {
      extreme: random.chance(0.1),
    });
  });
  return [...chosen, ...any];
}

function lowered(
  each: ConvSpec,
  random: Random,
  optimize: 'balanced' | 'speed' | 'size',
): { case: CallCase; expected: Int8Array } {
  const { graph, node, inputs, expected } = convCase(each, random);
  const view = viewNode(graph, node, operatorOf(node));
  const context = { ...view, features: new Set(['dsp', 'fpu'] as const), diagnostics: new Diagnostics(), optimize };
  expect(dspDepthwise.when!(context)).toBe(true);
  const built = dspDepthwise.build(context);
  if (!('call' in built)) throw new Error('views for a convolution');
  return { case: { call: built.call, graph, inputs }, expected: expected.data as Int8Array };
}

const levels = ['balanced', 'speed', 'size'] as const;

describe.each(levels)('depthwise convolution for the DSP extension, %s', (optimize) => {
  it('C twin: every byte', { timeout: SWEEP_MS }, async () => {
    const random = new Random(21);
    const cases = specs(random, SHAPES.host).map((each) => lowered(each, random, optimize));
    const results = await runCalls(cases.map((c) => c.case));
    results.forEach((result, i) => {
      expect(result.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
  });

  it('cortex-m4: the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    const random = new Random(22);
    const cases = specs(random, EACH_LEVEL).map((each) => lowered(each, random, optimize));
    const results = await runCallsOnTarget(
      cases.map((c) => c.case),
      await loadTarget('cortex-m4'),
    );
    results.forEach((result, i) => {
      expect(result.values.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
    if (process.env.NANOC_SHOW === undefined) return;
    results.slice(0, 8).forEach(({ instructions }, i) => {
      const { call } = cases[i]!.case;
      console.log(call.function, instructions, (instructions / call.macs).toFixed(3));
    });
  });
});
