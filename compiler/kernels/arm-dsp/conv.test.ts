import { describe, expect, it } from 'vitest';
import { type ConvSpec, convCase, randomConvSpec } from '../../../test/support/conv-case.js';
import { Random } from '../../../test/support/random.js';
import { type CallCase, runCalls, runCallsOnTarget } from '../../../test/support/run-call.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import { loadTarget } from '../../targets.js';
import { dspConv, dspConvOfAll } from './conv-kernel.js';

/** Two cores and three levels make thousands of them. */
const EACH_CORE = Math.max(12, SHAPES.target / 4);

/** Shapes of real layers, and shapes that are awkward: one column, odd counts, all padding, an odd number of channels. */
const chosen: ConvSpec[] = [
  { input: [64, 5, 5], outputs: 64, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [1, 12, 10], outputs: 64, kernel: [10, 4], strides: [2, 2], pads: [4, 1, 5, 1] },
  { input: [3, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [16, 6, 6], outputs: 32, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
  { input: [16, 7, 7], outputs: 5, kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] },
  { input: [7, 3, 1], outputs: 3, kernel: [3, 2], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [4, 2, 3], outputs: 2, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], batches: 3 },
  { input: [100, 2, 2], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [16, 4, 4], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], extreme: true },
  { input: [8, 4, 4], outputs: 6, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], clamp: [-60, 44] },
  // Weights with a zero point: rows widened where they lie, copied rows, a sum that needs eight lanes, sums at the limits.
  { input: [16, 6, 6], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], weightZero: -12 },
  { input: [3, 5, 5], outputs: 7, kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1], weightZero: 127 },
  {
    input: [128, 4, 3],
    outputs: 4,
    kernel: [3, 3],
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    weightZero: -3,
    weightLimit: 9,
  },
  {
    input: [8, 3, 3],
    outputs: 6,
    kernel: [1, 1],
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    weightZero: -127,
    extreme: true,
  },
  { input: [5, 4, 3], outputs: 3, kernel: [2, 2], strides: [1, 1], pads: [1, 0, 0, 1], weightZero: 41, batches: 2 },
  // 128 is stored as -128: next to a negative weight it is lifted, with a zero point or without.
  ...[0, 0, 0, 9, -50].map(
    (weightZero): ConvSpec => ({
      ...{ input: [12, 3, 3], outputs: 12, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], weightLimit: 128 },
      weightZero,
    }),
  ),
  // Nine steps of eight inputs: one more than are written out.
  { input: [8, 4, 5], outputs: 6, kernel: [3, 3], strides: [1, 1], pads: [0, 0, 0, 0] },
];

function randomSpec(random: Random): ConvSpec {
  const spec = randomConvSpec(random, { channels: 12, size: 7, kernel: 4 });
  return random.chance(0.3) ? { ...spec, weightZero: random.integer(-127, 127) } : spec;
}

function lowered(
  spec: ConvSpec,
  random: Random,
  option: KernelOption = dspConv,
  optimize: LowerContext['optimize'] = 'balanced',
): { case: CallCase; expected: Int8Array } | undefined {
  const { graph, node, inputs, expected } = convCase(spec, random);
  const view = viewNode(graph, node, operatorOf(node));
  const context = { ...view, features: new Set(['dsp', 'fpu'] as const), diagnostics: new Diagnostics(), optimize };
  if (option.when!(context) !== true) return undefined;
  const built = option.build(context);
  if (!('call' in built)) throw new Error('views for a convolution');
  return { case: { call: built.call, graph, inputs }, expected: expected.data as Int8Array };
}

function casesOf(random: Random, optimize: LowerContext['optimize'], count: number) {
  const specs = [...chosen, ...Array.from({ length: count }, () => randomSpec(random))];
  return specs.flatMap((spec) => lowered(spec, random, dspConv, optimize) ?? []);
}

const levels = ['balanced', 'speed', 'size'] as const;

describe.each(levels)('convolution for the DSP extension, %s', (optimize) => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    const cases = casesOf(new Random(7), optimize, SHAPES.host);
    expect(cases.length).toBeGreaterThan(15);
    const withSums = cases.filter((c) => c.case.call.function.includes('_sum')).length;
    if (optimize !== 'speed') expect(withSums).toBeGreaterThan(6);
    expect(cases.flatMap((c) => c.case.call.remarks ?? []).some((remark) => remark.includes('in float'))).toBe(true);
    const results = await runCalls(cases.map((c) => c.case));
    results.forEach((result, i) => {
      expect(result.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
  });

  it.each(['cortex-m4', 'cortex-m33'])('%s: the assembly gives the same bytes', { timeout: SWEEP_MS }, async (name) => {
    const cases = casesOf(new Random(8), optimize, EACH_CORE);
    const results = await runCallsOnTarget(
      cases.map((c) => c.case),
      await loadTarget(name),
    );
    results.forEach((result, i) => {
      expect(result.values.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
    if (process.env.NANOC_SHOW !== undefined) {
      results.slice(0, chosen.length).forEach(({ instructions }, i) => {
        const { call } = cases[i]!.case;
        console.log(call.function, instructions, (instructions / call.macs).toFixed(3));
      });
    }
  });
});

describe('convolution for the DSP extension', () => {
  it('a window of the whole image is a matrix product with one row', async () => {
    const random = new Random(9);
    const specs: ConvSpec[] = [
      { input: [40, 5, 1], outputs: 32, kernel: [5, 1], strides: [3, 1], pads: [0, 0, 0, 0] },
      { input: [64, 1, 1], outputs: 10, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
      { input: [36, 1, 1], outputs: 10, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], weightZero: 17 },
    ];
    const cases = specs.map((spec) => lowered(spec, random, dspConvOfAll)!);
    const results = await runCalls(cases.map((c) => c.case));
    results.forEach((result, i) => {
      expect(result.get('y')!.data).toEqual(cases[i]!.expected);
    });
    const larger: ConvSpec = { ...specs[0]!, input: [40, 6, 1] };
    expect(lowered(larger, random, dspConvOfAll)).toBeUndefined();
  });

  it('refuses what it cannot do, with the reason', () => {
    const random = new Random(3);
    const one: ConvSpec = { input: [4, 3, 3], outputs: 1, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
    expect(lowered(one, random)).toBeUndefined();
    const lowest: ConvSpec = { ...one, outputs: 4, weightZero: -128 };
    expect(lowered(lowest, random)).toBeUndefined();
    const grouped: ConvSpec = { ...one, outputs: 4, group: 2 };
    expect(lowered(grouped, random)).toBeUndefined();
  });
});
