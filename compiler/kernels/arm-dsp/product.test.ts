import { describe, expect, it } from 'vitest';
import { checkOnHost, checkOnTarget, type NativeCase } from '../../../test/support/native-conv.js';
import { type LayerSpec, layerCase, type Operand } from '../../../test/support/native-layer.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import type { Tensor } from '../../ir/tensor.js';
import { evaluateGraph } from '../../reference/evaluate.js';
import { loadTarget } from '../../targets.js';
import { predictInstructions } from '../cost.js';

const FEATURES = ['dsp', 'fpu'] as const;

/** @param ties scales that are powers of two, with which products fall on ties */
function product(shape: readonly number[], repeated: readonly number[], random: Random, ties = false): LayerSpec {
  const operand = (of: readonly number[], factor: number): Operand => {
    const scale = ties ? 2 ** -random.integer(4, 9) : 0.02 * factor * (0.5 + random.next());
    return { shape: of, scale, zeroPoint: random.pick([-128, 127, 0, random.integer(-128, 127)]) };
  };
  return { op: 'Mul', inputs: [operand(shape, 1), operand(repeated, 0.3)], output: operand(shape, 0.7) };
}

function specs(random: Random): LayerSpec[] {
  const any = Array.from({ length: 24 }, (_, i) => {
    const shape = [1, random.integer(1, 5), random.integer(1, 6), random.integer(1, 40)];
    const channels = [1, 1, 1, shape[3]!];
    return product(shape, random.chance(0.5) ? channels : shape, random, i % 4 === 0);
  });
  // A factor for each channel, the other way round, and rows of less than four.
  const turned = product([1, 1, 1, 24], [1, 4, 5, 24], random);
  return [
    ...any,
    { ...turned, output: { ...turned.output, shape: [1, 4, 5, 24] } },
    product([1, 7, 3], [1, 1, 3], random),
  ];
}

function cases(seed: number): NativeCase[] {
  const random = new Random(seed);
  return specs(random).flatMap((spec) => layerCase(spec, FEATURES, random) ?? []);
}

describe('products of two tensors for the DSP extension', () => {
  it('C twin: every byte, alone and over an input', async () => {
    const list = cases(71);
    const functions = list.map((item) => item.case.call.function);
    expect(functions.filter((name) => name === 'nanoc_mul_dsp_s8').length).toBeGreaterThan(15);
    await checkOnHost(list);
  });

  it('cortex-m4: the same bytes', async () => {
    await checkOnTarget(cases(72), 'cortex-m4', 0);
  });

  it('all pairs of bytes, to both limits', async () => {
    const random = new Random(73);
    const every = (of: (i: number) => number) => Int8Array.from({ length: 65536 }, (_, i) => of(i) - 128);
    const shape = [1, 65536];
    const operand = (scale: number, zeroPoint: number): Operand => ({ shape, scale, zeroPoint });
    const spec = { op: 'Mul', inputs: [operand(0.0217, -11), operand(0.0131, 20)], output: operand(0.0173, 5) };
    const one = layerCase(spec, FEATURES, random)!.case;
    const pairs = [every((i) => i >> 8), every((i) => i & 0xff)];
    const inputs = new Map(pairs.map((data, i): [string, Tensor] => [`x${i}`, { dtype: 'int8', shape, data }]));
    const expected = evaluateGraph(one.graph, inputs).get('y')!.data as Int8Array;
    expect([Math.min(...expected), Math.max(...expected)]).toEqual([-128, 127]);
    await checkOnTarget([{ case: { ...one, inputs }, expected }], 'cortex-m4', 0);
  });

  it('leaves a scalar, bounds, and scales without a factor to the portable kernel', () => {
    const random = new Random(1);
    const operand = { shape: [2, 8], scale: 0.05, zeroPoint: 4 };
    const functionOf = (spec: LayerSpec) => layerCase(spec, FEATURES, random)?.case.call.function;
    expect(functionOf({ op: 'Mul', inputs: [operand, { ...operand, shape: [1] }], output: operand })).toBeUndefined();
    const bounded = { op: 'Mul', inputs: [operand, operand], output: operand, attributes: { clamp: [0, 100] } };
    expect(functionOf(bounded)).toBeUndefined();
    // Half of all products are ties, which go to even.
    const tie = { ...operand, scale: 0.5, zeroPoint: 0 };
    expect(
      functionOf({ op: 'Mul', inputs: [tie, { ...tie, scale: 1 }], output: { ...tie, scale: 1 } }),
    ).toBeUndefined();
  });

  it('is predicted within 15 %', async () => {
    const random = new Random(74);
    const shapes = [
      [1, 16, 16, 32],
      [1, 8, 8, 97],
      [1, 9000],
    ];
    const list = shapes.flatMap((shape) => {
      const channels = shape.length === 4 ? [1, 1, 1, shape[3]!] : shape;
      return layerCase(product(shape, channels, random), FEATURES, random)?.case ?? [];
    });
    const target = await loadTarget('cortex-m4');
    const results = await runCallsOnTarget(list, target);
    const ratios = list.map(
      ({ call, graph }, i) => predictInstructions(call, graph, target)! / results[i]!.instructions,
    );
    expect(list.map(({ call }) => call.function)).toEqual(Array(3).fill('nanoc_mul_dsp_s8'));
    expect(ratios.filter((ratio) => Math.abs(ratio - 1) > 0.15)).toEqual([]);
  });
});
