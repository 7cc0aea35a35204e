import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import { type CallCase, runCalls, runCallsOnTarget } from '../../../test/support/run-call.js';
import { SHAPES, SWEEP_MS } from '../../../test/support/sweep.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { Graph, Node, Value } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import { loadTarget } from '../../targets.js';
import { dspMatmul, dspMatvec } from './matmul-kernel.js';

interface Built {
  readonly case: CallCase;
  readonly expected: Int8Array;
}

/**
 * One MatMul with bias, lowered by a kernel option; undefined where the option refuses it.
 * @param roomy another product of the graph has many rows and needs much memory, so that scratch is free
 */
function build(
  option: KernelOption,
  rows: number,
  inner: number,
  columns: number,
  random: Random,
  roomy = false,
  optimize: LowerContext['optimize'] = 'balanced',
): Built | undefined {
  const extreme = random.chance(0.15);
  const byte = () => (extreme ? random.pick([-127, 127]) : random.integer(-127, 127));
  const int8 = (shape: number[]): Tensor => ({
    ...{ dtype: 'int8', shape },
    data: Int8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, byte),
  });
  const [a, b] = [int8([rows, inner]), int8([inner, columns])];
  // For size rows without a bias have a kernel of their own, where there are many channels of these.
  const unbiased = optimize === 'size' && random.chance(0.7);
  const bias: Tensor = {
    dtype: 'int32',
    shape: [columns],
    data: Int32Array.from({ length: columns }, () => random.integer(-5000, 5000)),
  };
  const scales = Array.from({ length: columns }, () => Math.fround(0.004 * (0.5 + random.next())));
  const spread = Math.fround(0.02 * 0.004 * 70 * Math.sqrt(inner) * (0.3 + random.next()));
  // For size a row with zero points is left to the portable kernel.
  const hasZeroPoints = optimize !== 'size' && random.chance(0.4);
  const zeroPoint = () => (hasZeroPoints ? random.integer(-127, 127) : 0);
  const perTensor = (scale: number, zeroPoint: number) => ({ scale: [Math.fround(scale)], zeroPoint: [zeroPoint] });
  const clamp = random.chance(0.2) ? { clamp: [random.integer(-100, 0), random.integer(1, 90)] } : {};
  const node: Node = {
    name: 'matmul',
    op: 'MatMul',
    domain: '',
    inputs: unbiased ? ['a', 'b'] : ['a', 'b', 'bias'],
    outputs: ['y'],
    attributes: clamp,
  };
  const values = new Map<string, Value>([
    ['a', { name: 'a', dtype: 'int8', shape: a.shape, quantization: perTensor(0.02, random.integer(-128, 127)) }],
    [
      'b',
      {
        name: 'b',
        dtype: 'int8',
        shape: b.shape,
        constant: b,
        quantization: { scale: scales, zeroPoint: scales.map(zeroPoint), axis: 1 },
      },
    ],
    [
      'logits',
      {
        name: 'logits',
        dtype: 'int8',
        shape: [columns, 139],
        constant: { dtype: 'int8', shape: [columns, 139], data: new Int8Array(139 * columns) },
      },
    ],
    ['large', { name: 'large', dtype: 'int8', shape: [8192] }],
    ['rows', { name: 'rows', dtype: 'int8', shape: [8, columns] }],
    ['bias', { name: 'bias', dtype: 'int32', shape: [columns], constant: bias }],
    [
      'y',
      {
        name: 'y',
        dtype: 'int8',
        shape: [rows, columns],
        quantization: perTensor(spread, random.pick([-128, 0, 5, -77])),
      },
    ],
  ]);
  const graph: Graph = {
    name: 'm',
    inputs: ['a'],
    outputs: ['y'],
    values,
    nodes: [
      node,
      ...(roomy ? [{ ...node, name: 'other', inputs: ['large', 'b'], outputs: ['rows'] }] : []),
      ...(unbiased ? [{ ...node, name: 'head', inputs: ['y', 'logits'], outputs: [] }] : []),
    ],
    states: [],
    opsets: new Map([['', 13]]),
  };
  const view = viewNode(graph, node, operatorOf(node));
  const context = { ...view, features: new Set(['dsp', 'fpu'] as const), diagnostics: new Diagnostics(), optimize };
  if (option.when!(context) !== true) return undefined;
  const built = option.build(context);
  if (!('call' in built)) throw new Error('views for a matrix product');
  const [y] = operatorOf(node).evaluate!(view, unbiased ? [a, b] : [a, b, bias]);
  return { case: { call: built.call, graph, inputs: new Map([['a', a]]) }, expected: y!.data as Int8Array };
}

/** With NANOC_FULL=1; three levels make thousands of them. */
const MORE = { host: SHAPES.host - 12, target: (SHAPES.target - 12) / 2 };

function cases(random: Random, optimize: LowerContext['optimize'], count: number): Built[] {
  /** One row has its own kernel, or for size shares that of many where the model has one and scratch is free. */
  const vector = (inner: number, columns: number) => {
    const roomy = random.chance(0.5);
    const option = optimize === 'size' && roomy ? dspMatmul : dspMatvec;
    return build(option, 1, inner, columns, random, roomy, optimize);
  };
  const vectors = [4, 8, 12, 20, 64, 640, 128].flatMap((inner) =>
    [4, 5, 7, 12, 33].map((columns) => vector(inner, columns)),
  );
  const matrices = [1, 3, 4, 17].flatMap((inner) =>
    [2, 3, 5].map((rows) => build(dspMatmul, rows, inner, random.integer(2, 9), random, false, optimize)),
  );
  const shapes = Array.from({ length: count }, () => {
    const [inner, columns] = [random.integer(1, 300), random.integer(2, 40)];
    return random.chance(0.6)
      ? vector(inner - (inner % 4) + 4, columns + 2)
      : build(dspMatmul, random.integer(2, 5), inner, columns, random, false, optimize);
  });
  return [...vectors, ...matrices, ...shapes].filter((built) => built !== undefined);
}

function check(list: readonly Built[], results: readonly ReadonlyMap<string, Tensor>[]): void {
  results.forEach((result, i) => {
    expect(result.get('y')!.data, list[i]!.case.call.function).toEqual(list[i]!.expected);
  });
}

const levels = ['balanced', 'speed', 'size'] as const;

describe.each(levels)('matrix products for the DSP extension, %s', (optimize) => {
  it('C twin: every byte', { timeout: SWEEP_MS }, async () => {
    const list = cases(new Random(11), optimize, MORE.host);
    expect(list.length).toBeGreaterThan(40);
    const unbiased = list.filter((built) => built.case.call.function === 'nanoc_matvec_unbiased_dsp');
    expect(unbiased.length > 5).toBe(optimize === 'size');
    check(list, await runCalls(list.map((built) => built.case)));
  });

  it('cortex-m4: the assembly gives the same bytes', { timeout: SWEEP_MS }, async () => {
    const list = cases(new Random(12), optimize, MORE.target);
    const results = await runCallsOnTarget(
      list.map((built) => built.case),
      await loadTarget('cortex-m4'),
    );
    check(
      list,
      results.map(({ values }) => values),
    );
    if (process.env.NANOC_SHOW === undefined) return;
    results.forEach(({ instructions }, i) => {
      const { call } = list[i]!.case;
      console.log(call.function, instructions, (instructions / call.macs).toFixed(3));
    });
  });
});

describe('matrix products for the DSP extension', () => {
  it('for size one row shares the code of many where there is one and its scratch costs nothing, else that of other rows', () => {
    const functionOf = (option: KernelOption, roomy: boolean) =>
      build(option, 1, 64, 12, new Random(4), roomy, 'size')?.case.call.function;
    expect(functionOf(dspMatvec, true)).toBeUndefined();
    expect(functionOf(dspMatmul, true)).toBe('nanoc_conv_any_dsp');
    expect(functionOf(dspMatvec, false)).toBe('nanoc_matvec_any_dsp');
    expect(functionOf(dspMatmul, false)).toBeUndefined();
  });

  it('refuses a weight that cannot share a halfword', () => {
    const random = new Random(1);
    expect(build(dspMatvec, 1, 6, 4, random)).toBeUndefined();
    expect(build(dspMatvec, 2, 8, 4, random)).toBeUndefined();
    expect(build(dspMatmul, 1, 8, 4, random)).toBeUndefined();
  });
});
