import { describe, expect, it } from 'vitest';
import { type ConvSpec, convCase, randomConvSpec } from '../../test/support/conv-case.js';
import { Random } from '../../test/support/random.js';
import { type CallCase, runCalls, runCallsOnTarget } from '../../test/support/run-call.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import { loadTarget } from '../targets.js';
import { operatorOf } from './index.js';
import { viewNode } from './node-view.js';

const SHAPES = process.env.NANOC_FULL === undefined ? 90 : 600;

interface Case {
  readonly case: CallCase;
  readonly expected: Int8Array;
}

/** The call of the portable kernel that is chosen where there is nothing better. */
function portable(spec: ConvSpec, random: Random): Case {
  const { graph, node, inputs, expected } = convCase(spec, random);
  const context = {
    ...viewNode(graph, node, operatorOf(node)),
    features: new Set([] as const),
    diagnostics: new Diagnostics(),
  };
  const option = operatorOf(node).kernels!.find(
    (kernel) => kernel.family === 'portable' && (kernel.when?.(context) ?? true) === true,
  );
  const built = option!.build(context);
  if (!('call' in built)) throw new Error('views for a convolution');
  return { case: { call: built.call, graph, inputs }, expected: expected.data as Int8Array };
}

/** Pointwise, depthwise, grouped and dense shapes, with steps, dilations, uneven pads, batches and odd channel counts. */
function randomCase(random: Random): Case {
  const spec = randomConvSpec(random, { channels: 9, size: 8, kernel: 4 });
  const [channels, height, width] = spec.input;
  const kind = random.integer(0, 3);
  const batches = random.chance(0.2) ? 2 : 1;
  const single: ConvSpec = {
    ...spec,
    input: [channels, 1, random.integer(1, 3)],
    kernel: [1, 1],
    strides: [1, 1],
    pads: [0, 0, 0, 0],
  };
  if (random.chance(0.1)) return portable(single, random);
  if (kind === 0) return portable({ ...spec, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], batches }, random);
  const fits = (d: number, i: 0 | 1) =>
    [height, width][i]! + spec.pads[i]! + spec.pads[i + 2]! > (spec.kernel[i]! - 1) * d;
  const dilations = [0, 1].map((i) => (random.chance(0.3) && fits(2, i as 0 | 1) ? 2 : 1)) as [number, number];
  const weightZero = random.chance(0.15) ? random.integer(-128, 127) : 0;
  if (kind === 1)
    return portable({ ...spec, dilations, weightZero, outputs: channels, group: channels, batches }, random);
  if (kind === 2)
    return portable(
      {
        ...spec,
        dilations,
        weightZero,
        input: [2 * channels, height, width],
        outputs: 2 * spec.outputs,
        group: 2,
        batches,
      },
      random,
    );
  return portable({ ...spec, dilations, weightZero, batches }, random);
}

/** One output of a column, which the kernel takes lying: with steps, dilations, pads above and below, a zero point of the weights. */
function columnCase(random: Random, channels: number): Case {
  const taps = random.integer(3, 12);
  const dilation = random.integer(1, 2);
  const [above, below] = [random.integer(0, 1), random.integer(0, 1)];
  const rows = (taps - 1) * dilation + 1 - above - below;
  return portable(
    {
      ...{ input: [channels, rows, 1], kernel: [taps, 1], outputs: channels, group: channels },
      ...{ strides: [random.integer(1, 3), 1], dilations: [dilation, 1], pads: [above, 0, below, 0], batches: 2 },
      weightZero: random.chance(0.3) ? 5 : 0,
    },
    random,
  );
}

function randomCases(seed: number, count: number): Case[] {
  const random = new Random(seed);
  const columns = [2, 3, 4, 5, 9].map((channels) => columnCase(random, channels));
  return [...columns, ...Array.from({ length: count }, () => randomCase(random))];
}

describe('portable convolutions', () => {
  it.each([
    ['with an FPU', '-DNANOC_FPU=1'],
    ['without', '-DNANOC_FPU=0'],
  ])('%s: every byte, alone and over the input at the declared distance', async (_, flag) => {
    const cases = randomCases(11, SHAPES);
    const names = new Set(cases.map(({ case: { call } }) => call.function));
    expect([...names].sort()).toEqual([
      'nanoc_conv_s8',
      'nanoc_depthwise_s8',
      'nanoc_fully_connected_s8',
      'nanoc_matmul_s8',
    ]);
    const results = await runCalls(
      cases.map((c) => c.case),
      { flags: [flag] },
    );
    results.forEach((result, i) => {
      expect(result.get('y')!.data, `${i} ${cases[i]!.case.call.function}`).toEqual(cases[i]!.expected);
    });
  });

  it('state the smallest distance: one step nearer, the output changes', async () => {
    const cases = randomCases(12, SHAPES).filter(
      ({ case: { call, inputs } }) => call.overlaps[0]!.lead > -inputs.get('x')!.data.length,
    );
    const counts = new Map<string, { changed: number; all: number }>();
    await runCalls(
      cases.map((c) => c.case),
      {
        nearer: (index, changed) => {
          const name = cases[index]!.case.call.function;
          const count = counts.get(name) ?? { changed: 0, all: 0 };
          counts.set(name, { changed: count.changed + Number(changed), all: count.all + 1 });
        },
      },
    );
    // One byte that is wrong may round away or saturate, and weights may be 0.
    for (const [name, { changed, all }] of counts) expect(changed / all, name).toBeGreaterThan(0.6);
    expect(counts.size).toBe(4);
  });

  it.each(['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m55'])('%s: the same bytes', async (name) => {
    const cases = randomCases(13, 40);
    const results = await runCallsOnTarget(
      cases.map((c) => c.case),
      await loadTarget(name),
    );
    results.forEach(({ values }, i) => {
      expect(values.get('y')!.data, `${i} ${cases[i]!.case.call.function}`).toEqual(cases[i]!.expected);
    });
  });
});
