import { describe, expect, it } from 'vitest';
import { type ConvSpec, convCase } from '../../../test/support/conv-case.js';
import { Random } from '../../../test/support/random.js';
import { type CallCase, runCalls, runCallsOnTarget } from '../../../test/support/run-call.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { LowerContext } from '../../ops/define.js';
import { operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import { loadTarget } from '../../targets.js';
import { dspWinograd } from './winograd-kernel.js';

/** Real layers in small; no border at all; more border than image; an inner loop; an odd number of channels; extremes; a clamp. */
const chosen: ConvSpec[] = [
  { input: [16, 8, 8], outputs: 16, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [64, 4, 4], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { input: [8, 6, 10], outputs: 9, kernel: [3, 3], strides: [1, 1], pads: [0, 0, 0, 0] },
  { input: [12, 1, 2], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [2, 3, 1, 1], batches: 2 },
  { input: [100, 2, 4], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  {
    input: [64, 4, 4],
    outputs: 10,
    kernel: [3, 3],
    strides: [1, 1],
    pads: [1, 0, 1, 2],
    extreme: true,
    weightLimit: 128,
  },
  { input: [8, 4, 4], outputs: 8, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], clamp: [-60, 44] },
];

/** Input sizes follow from output sizes that are whole blocks. */
function randomSpec(random: Random): ConvSpec {
  const pads = [0, 0, 0, 0].map(() => random.integer(0, 2)) as [number, number, number, number];
  const size = (blocks: number, before: number, after: number) => blocks + 2 - before - after;
  const height = size(2 * random.integer(1, 3), pads[0], pads[2]);
  const width = size(4 * random.integer(1, 2), pads[1], pads[3]);
  return {
    input: [4 * random.integer(2, 6), Math.max(height, 1), Math.max(width, 1)],
    ...{ outputs: random.integer(8, 13), kernel: [3, 3], strides: [1, 1], pads, extreme: random.chance(0.2) },
    ...(random.chance(0.3) ? { weightZero: random.integer(-127, 127) } : {}),
  };
}

function lowered(
  spec: ConvSpec,
  random: Random,
  optimize: LowerContext['optimize'] = 'speed',
): { case: CallCase; expected: Int8Array } | string {
  const { graph, node, inputs, expected } = convCase(spec, random);
  const view = viewNode(graph, node, operatorOf(node));
  const context = { ...view, features: new Set(['dsp', 'fpu'] as const), diagnostics: new Diagnostics(), optimize };
  const fits = dspWinograd.when!(context);
  if (fits !== true) return fits;
  const built = dspWinograd.build(context);
  if (!('call' in built)) throw new Error('views for a convolution');
  return { case: { call: built.call, graph, inputs }, expected: expected.data as Int8Array };
}

function cases(random: Random, count: number) {
  const specs = [...chosen, ...Array.from({ length: count }, () => randomSpec(random))];
  return specs.map((spec) => lowered(spec, random)).filter((built) => typeof built !== 'string');
}

describe('Winograd convolution for the DSP extension', () => {
  it('C twin: every byte of chosen and random shapes, alone and over its input', { timeout: SWEEP_MS }, async () => {
    const list = cases(new Random(21), SHAPES.host);
    expect(list.length).toBeGreaterThan(15);
    const results = await runCalls(list.map((built) => built.case));
    results.forEach((result, i) => {
      expect(result.get('y')!.data, list[i]!.case.call.function).toEqual(list[i]!.expected);
    });
  });

  it.each(['cortex-m4', 'cortex-m33'])('%s: the assembly gives the same bytes', { timeout: SWEEP_MS }, async (name) => {
    const list = cases(new Random(22), SHAPES.target);
    const results = await runCallsOnTarget(
      list.map((built) => built.case),
      await loadTarget(name),
    );
    results.forEach((result, i) => {
      expect(result.values.get('y')!.data, list[i]!.case.call.function).toEqual(list[i]!.expected);
    });
    if (process.env.NANOC_SHOW === undefined) return;
    results.slice(0, chosen.length).forEach(({ instructions }, i) => {
      const { call } = list[i]!.case;
      console.log(call.function, instructions, (instructions / call.macs).toFixed(3));
    });
  });

  it('refuses what it cannot do, with the reason', () => {
    const random = new Random(3);
    const fits = chosen[0]!;
    expect(lowered(fits, random, 'balanced')).toMatch('--optimize speed');
    expect(lowered({ ...fits, strides: [2, 2] }, random)).toBe('not 3x3 at stride 1');
    expect(lowered({ ...fits, input: [16, 7, 8] }, random)).toMatch('blocks');
    expect(lowered({ ...fits, input: [6, 8, 8] }, random)).toMatch('multiple of four');
    expect(lowered({ ...fits, outputs: 4 }, random)).toMatch('fewer than 8');
  });
});
