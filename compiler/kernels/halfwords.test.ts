/** Products of int16 with int8 for the DSP extension and for MVE: the C twins on the host under sanitizers, the assembly in QEMU, against the reference. */
import { describe, expect, it } from 'vitest';
import { type ConvSpec, randomConvSpec } from '../../test/support/conv-case.js';
import { lowered, type NativeCase } from '../../test/support/native-conv.js';
import { matmulGraph } from '../../test/support/native-matmul.js';
import { Random } from '../../test/support/random.js';
import { runCalls, runCallsOnTarget } from '../../test/support/run-call.js';
import { SHAPES, SWEEP_MS } from '../../test/support/sweep.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import type { KernelOption } from '../ops/define.js';
import { operatorOf } from '../ops/index.js';
import { viewNode } from '../ops/node-view.js';
import { loadTarget } from '../targets.js';
import { dspConvS16, dspDepthwiseS16, dspMatmulS16 } from './arm-dsp/halfwords-kernel.js';
import { mveConvS16, mveDepthwiseS16, mveMatmulS16 } from './arm-mve/halfwords-kernel.js';

interface Family {
  readonly name: string;
  readonly conv: KernelOption;
  readonly depthwise: KernelOption;
  readonly matmul: KernelOption;
  /** Numbers of channels of depthwise layers are multiples of it. */
  readonly multiple: number;
  readonly targets: readonly string[];
}

const families: readonly Family[] = [
  {
    ...{ name: 'DSP', conv: dspConvS16, depthwise: dspDepthwiseS16, matmul: dspMatmulS16, multiple: 2 },
    targets: ['cortex-m4', 'cortex-m33'],
  },
  {
    ...{ name: 'MVE', conv: mveConvS16, depthwise: mveDepthwiseS16, matmul: mveMatmulS16, multiple: 8 },
    targets: ['cortex-m55'],
  },
];

const limits = { channels: 20, size: 9, kernel: 4 };

const plain: ConvSpec = {
  ...{ input: [8, 5, 5], outputs: 4, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], halfwords: true },
};

/** Zero points at the ends of int16, as quantizers give a Relu's output, and between; bounds of int16. */
function halfwords(spec: ConvSpec, random: Random): ConvSpec {
  const zero = () => random.pick([0, -32768, 32767, random.integer(-3000, 3000)]);
  const { clamp, ...rest } = spec;
  const bounds = clamp === undefined ? {} : { clamp: [200 * clamp[0], 200 * clamp[1]] as const };
  return { ...rest, ...bounds, halfwords: true, zeroPoint: zero(), outputZero: zero() };
}

function convSpecs(random: Random, count: number): ConvSpec[] {
  const chosen: ConvSpec[] = [
    plain,
    { ...plain, input: [3, 6, 6], kernel: [3, 3], pads: [1, 1, 1, 1], outputs: 2 },
    { ...plain, input: [64, 3, 5], outputs: 64 },
    { ...plain, input: [1, 9, 8], kernel: [5, 4], strides: [2, 2], pads: [4, 1, 3, 1], outputs: 7 },
    { ...plain, input: [5, 9, 9], kernel: [2, 3], dilations: [2, 3], pads: [1, 2, 0, 3], batches: 2, outputs: 3 },
    { ...plain, input: [12, 1, 1], outputs: 5, extreme: true },
    { ...plain, input: [2, 2, 2], kernel: [2, 2], pads: [1, 1, 1, 1], strides: [3, 3], outputs: 2 },
  ];
  const any = Array.from({ length: count }, () => randomConvSpec(random, limits));
  return [...chosen, ...any].map((spec) => halfwords(spec, random));
}

function depthwiseSpecs(random: Random, count: number, multiple: number): ConvSpec[] {
  const own = (least: number, spec: ConvSpec): ConvSpec => {
    const channels = multiple * Math.ceil(least / multiple);
    return { ...spec, input: [channels, spec.input[1], spec.input[2]], outputs: channels, group: channels };
  };
  const padded = { ...plain, kernel: [3, 3], pads: [1, 1, 1, 1] } as const;
  const chosen: ConvSpec[] = [
    own(64, { ...padded, input: [1, 6, 5] }),
    own(6, padded),
    own(4, { ...padded, kernel: [5, 2], pads: [3, 0, 4, 1], strides: [2, 1], batches: 2 }),
    own(10, { ...padded, input: [1, 9, 9], dilations: [3, 2], pads: [3, 2, 3, 2] }),
    own(8, { ...plain, input: [1, 15, 1], kernel: [15, 1], extreme: true }),
    own(8, { ...plain, input: [1, 1, 1], kernel: [1, 2], pads: [1, 3, 1, 2] }),
  ];
  const any = Array.from({ length: count }, () =>
    own(2 * random.integer(2, 9), { ...randomConvSpec(random, limits), batches: random.integer(1, 2) }),
  );
  return [...chosen, ...any].map((spec) => halfwords(spec, random));
}

function product(option: KernelOption, rows: number, inner: number, columns: number, random: Random): NativeCase {
  const spec = { rows, inner, columns, perColumn: random.chance(0.5), halfwords: true };
  const { graph, inputs } = matmulGraph(spec, random);
  const node = graph.nodes[0]!;
  const view = viewNode(graph, node, operatorOf(node));
  const context = { ...view, features: new Set(option.needs ?? []), diagnostics: new Diagnostics() };
  expect(option.when!(context)).toBe(true);
  const built = option.build(context);
  if (!('call' in built)) throw new Error('views for a matrix product');
  const constants = node.inputs.slice(1).map((name) => graph.values.get(name)!.constant!);
  const [y] = operatorOf(node).evaluate!(view, [inputs.get('a')!, ...constants]);
  return { case: { call: built.call, graph, inputs }, expected: y!.data as Int8Array };
}

function casesOf({ conv, depthwise, matmul, multiple }: Family, random: Random, count: number): NativeCase[] {
  const cases = [
    ...convSpecs(random, count).map((spec) => lowered(spec, random, conv)),
    ...depthwiseSpecs(random, count, multiple).map((spec) => lowered(spec, random, depthwise)),
    ...[1, 2, 3, 4].flatMap((rows) => [1, 6, 33].map((inner) => product(matmul, rows, inner, 2 + (inner % 5), random))),
  ];
  const taken = cases.filter((each) => each !== undefined);
  expect(taken).toHaveLength(cases.length);
  return taken;
}

describe.each(families)('int16 products for $name', (family) => {
  it('C twin: every halfword', { timeout: SWEEP_MS }, async () => {
    const cases = casesOf(family, new Random(61), SHAPES.host);
    const results = await runCalls(cases.map((each) => each.case));
    results.forEach((result, i) => {
      expect(result.get('y')!.data, `${i}: ${cases[i]!.case.call.function}`).toEqual(cases[i]!.expected);
    });
  });

  it.each(family.targets)('%s: the assembly gives the same', { timeout: SWEEP_MS }, async (target) => {
    const cases = casesOf(family, new Random(62), SHAPES.target);
    const results = await runCallsOnTarget(
      cases.map((each) => each.case),
      await loadTarget(target),
    );
    results.forEach(({ values }, i) => {
      expect(values.get('y')!.data, `${i}: ${cases[i]!.case.call.function}`).toEqual(cases[i]!.expected);
    });
  });

  it('are left to the portable kernel where a sum can leave 32 bits, with the reason', () => {
    const wide: ConvSpec = { ...plain, input: [600, 2, 2], outputs: 4, extreme: true };
    expect(lowered(wide, new Random(1), family.conv)).toBeUndefined();
    expect(lowered({ ...wide, weightLimit: 30 }, new Random(1), family.conv)).toBeDefined();
  });
});
