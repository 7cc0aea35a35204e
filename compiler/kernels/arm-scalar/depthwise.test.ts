import { describe, expect, it } from 'vitest';
import { type ConvSpec, convCase, randomConvSpec } from '../../../test/support/conv-case.js';
import { Random } from '../../../test/support/random.js';
import { type CallCase, runCalls, runCallsOnTarget } from '../../../test/support/run-call.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { KernelOption } from '../../ops/define.js';
import { operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import { loadTarget } from '../../targets.js';
import { v6mDepthwise, v7mDepthwise } from './depthwise-kernel.js';

const RANDOM_SHAPES = process.env.NANOC_FULL === undefined ? 12 : 200;

const depthwise = (input: [number, number, number], rest: Partial<ConvSpec>): ConvSpec => ({
  ...{ input, outputs: input[0], group: input[0], kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  ...rest,
});

/** Real layers, planes in parts, wide images, windows that are larger than the image, strides, batches. */
const chosen: ConvSpec[] = [
  depthwise([64, 25, 5], {}),
  depthwise([40, 30, 1], { kernel: [3, 1], pads: [0, 0, 0, 0] }),
  depthwise([128, 24, 1], { kernel: [10, 1], pads: [0, 0, 0, 0] }),
  depthwise([16, 15, 1], { kernel: [15, 1], pads: [0, 0, 0, 0] }),
  depthwise([12, 1, 28], { kernel: [1, 5], pads: [0, 2, 0, 2] }),
  depthwise([8, 24, 24], {}),
  depthwise([6, 20, 12], { strides: [2, 1] }),
  depthwise([5, 18, 19], { strides: [2, 2], pads: [0, 0, 1, 1], clamp: [-90, 100] }),
  depthwise([3, 2, 2], { kernel: [5, 5], pads: [2, 2, 2, 2] }),
  depthwise([4, 6, 6], { extreme: true, batches: 2 }),
  depthwise([2, 3, 3], { kernel: [2, 4], pads: [1, 3, 0, 0] }),
  depthwise([7, 9, 9], { weightLimit: 60 }),
];

const OPTIONS: Record<string, KernelOption> = { 'cortex-m3': v7mDepthwise, 'cortex-m0': v6mDepthwise };

interface Lowered {
  readonly case: CallCase;
  readonly expected: Int8Array;
}

function lowered(spec: ConvSpec, random: Random, option: KernelOption): Lowered | undefined {
  const { graph, node, inputs, expected } = convCase(spec, random);
  const context = {
    ...viewNode(graph, node, operatorOf(node)),
    features: new Set(option.needs),
    diagnostics: new Diagnostics(),
    optimize: 'balanced' as const,
  };
  if (option.when!(context) !== true) return undefined;
  const built = option.build(context);
  if (!('call' in built)) throw new Error('views for a convolution');
  return { case: { call: built.call, graph, inputs }, expected: expected.data as Int8Array };
}

function casesOf(random: Random, option: KernelOption): Lowered[] {
  const shapes = Array.from({ length: RANDOM_SHAPES }, () => {
    const spec = randomConvSpec(random, { channels: 9, size: 11, kernel: 4 });
    return { ...spec, outputs: spec.input[0], group: spec.input[0] };
  });
  return [...chosen, ...shapes].flatMap((spec) => lowered(spec, random, option) ?? []);
}

describe.each(Object.entries(OPTIONS))('depthwise convolution for %s', (name, option) => {
  it('C: every byte of chosen and random shapes, alone and over its input', async () => {
    const cases = casesOf(new Random(19), option);
    expect(cases.length).toBe(chosen.length + RANDOM_SHAPES);
    expect(cases.some(({ case: { call } }) => /_r[1-9]_/.test(call.function))).toBe(true);
    expect(cases.some(({ case: { call } }) => /fixed_exact/.test(call.function))).toBe(true);
    const results = await runCalls(cases.map((c) => c.case));
    results.forEach((result, i) => {
      expect(result.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
  });

  it('the target gives the same bytes', async () => {
    const cases = casesOf(new Random(18), option);
    const results = await runCallsOnTarget(
      cases.map((c) => c.case),
      await loadTarget(name),
    );
    results.forEach((result, i) => {
      expect(result.values.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
    });
    if (process.env.NANOC_SHOW === undefined) return;
    results.slice(0, chosen.length).forEach(({ instructions }, i) => {
      const { call } = cases[i]!.case;
      console.log(call.function, instructions, (instructions / call.macs).toFixed(3));
    });
  });

  it('refuses what it cannot do', () => {
    const random = new Random(3);
    expect(lowered({ ...depthwise([4, 3, 3], {}), outputs: 8 }, random, option)).toBeUndefined();
    expect(lowered({ ...depthwise([4, 3, 3], {}), group: 2 }, random, option)).toBeUndefined();
  });
});
