import { describe, expect, it } from 'vitest';
import { checkOnHost, checkOnTarget, type NativeCase } from '../../test/support/native-conv.js';
import { type LayerSpec, layerCase, type Operand } from '../../test/support/native-layer.js';
import { Random } from '../../test/support/random.js';
import { runCallsOnTarget } from '../../test/support/run-call.js';
import type { Feature } from '../ir/target.js';
import { loadTarget } from '../targets.js';
import { predictInstructions } from './cost.js';

const FORMS = [
  { name: 'nanoc_matmul_dynamic_dsp_s8', features: ['dsp', 'fpu'], core: 'cortex-m4' },
  { name: 'nanoc_matmul_dynamic_mve_s8', features: ['mve', 'dsp', 'fpu'], core: 'cortex-m55' },
] as const;

type Sizes = readonly [batches: number, rows: number, inner: number, columns: number];

/** @param steep a scale with which most results are at a limit */
function product([batches, rows, inner, columns]: Sizes, random: Random, steep = false, shared = false): LayerSpec {
  const operand = (shape: readonly number[], scale: number): Operand => ({
    ...{ shape, scale, zeroPoint: random.pick([-128, 127, 0, random.integer(-128, 127)]) },
  });
  const scale = steep ? 0.001 : 0.02 * Math.sqrt(inner);
  return {
    op: 'MatMul',
    inputs: [
      operand([batches, rows, inner], 0.02),
      operand(shared ? [inner, columns] : [batches, inner, columns], 0.015),
    ],
    output: operand([batches, rows, columns], scale),
    ...(random.chance(0.2) ? { attributes: { clamp: [random.integer(-100, -1), random.integer(0, 100)] } } : {}),
  };
}

function cases(seed: number, features: readonly Feature[]): NativeCase[] {
  const random = new Random(seed);
  const chosen: Sizes[] = [
    [1, 1, 4, 4],
    [3, 5, 7, 9],
    [2, 4, 16, 5],
    [1, 9, 5, 4],
    [1, 3, 300, 6],
  ];
  const any = Array.from({ length: 20 }, (): Sizes => {
    return [random.integer(1, 3), random.integer(1, 9), random.integer(4, 40), random.integer(4, 23)];
  });
  return [...chosen, ...any].flatMap((sizes, i) => {
    return layerCase(product(sizes, random, i % 7 === 0, i % 5 === 0), features, random) ?? [];
  });
}

describe.each(FORMS)('products of two computed tensors: $name', ({ name, features, core }) => {
  it('C twin: every byte', async () => {
    const list = cases(81, features);
    expect(list.map(({ case: { call } }) => call.function)).toEqual(Array(25).fill(name));
    await checkOnHost(list);
  });

  it('on its core: the same bytes', async () => {
    await checkOnTarget(cases(82, features), core, 0);
  });

  it('leaves less than four columns to the portable kernel, and less than four inner elements without MVE', () => {
    const random = new Random(1);
    expect(layerCase(product([1, 5, 8, 3], random), features, random)).toBeUndefined();
    const short = layerCase(product([1, 5, 3, 8], random), features, random);
    expect(short === undefined).toBe(core === 'cortex-m4');
  });

  it('is predicted within 15 %', async () => {
    const random = new Random(84);
    const sizes: Sizes[] = [
      [4, 50, 16, 50],
      [4, 50, 50, 16],
      [1, 20, 64, 64],
      [2, 8, 33, 40],
      [1, 30, 21, 30],
    ];
    const list = sizes.map((each) => layerCase({ ...product(each, random), attributes: {} }, features, random)!.case);
    const target = await loadTarget(core);
    const results = await runCallsOnTarget(list, target);
    const ratios = list.map(
      ({ call, graph }, i) => predictInstructions(call, graph, target)! / results[i]!.instructions,
    );
    if (process.env.NANOC_SHOW !== undefined)
      console.log(
        name,
        results.map(({ instructions }) => instructions),
        ratios,
      );
    expect(ratios.filter((ratio) => Math.abs(ratio - 1) > 0.15)).toEqual([]);
  });
});
