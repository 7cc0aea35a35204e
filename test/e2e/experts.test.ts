/** Mixture of experts: the chosen expert's weights are read where they are, and no others. */
import { describe, expect, it } from 'vitest';
import { type Compilation, compile } from '../../compiler/index.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { evaluateSteps } from '../../compiler/reference/evaluate.js';
import { callIsTaken } from '../../compiler/reference/taken.js';
import { runModel } from '../../compiler/simulate/session.js';
import { defaultVectors } from '../../compiler/verify/vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { float, node, sourceOf, weights } from '../support/branch-models.js';
import type { BuilderModel } from '../support/onnx-builder.js';
import { poisonedWeights } from '../support/poisoned-weights.js';

const EXPERTS = 4;

/** A router and two products with the chosen expert's weights, the first with its bias. */
function expertModel(index: 'scalar' | 'list'): BuilderModel {
  const reshaped = (name: string, ...sizes: number[]) => ({
    name,
    tensor: { dtype: 'int64', shape: [sizes.length], data: BigInt64Array.from(sizes, BigInt) } as Tensor,
  });
  const chosen = index === 'list' ? 'best_1' : 'best';
  return {
    inputs: [float('x', 1, 16)],
    outputs: [float('y', ...(index === 'list' ? [1, 1, 8] : [1, 8]))],
    initializers: [
      { name: 'router', tensor: weights(1, 16, EXPERTS) },
      { name: 'up', tensor: weights(2, EXPERTS, 16, 24) },
      { name: 'bias', tensor: weights(3, EXPERTS, 24) },
      { name: 'down', tensor: weights(4, EXPERTS, 24, 8) },
      reshaped('flat', EXPERTS),
      reshaped('one', 1),
    ],
    nodes: [
      node('MatMul', ['x', 'router'], 'scores'),
      node('Reshape', ['scores', 'flat'], 'list'),
      { ...node('ArgMax', ['list'], 'best'), attributes: { axis: 0, keepdims: 0 } },
      node('Reshape', ['best', 'one'], 'best_1'),
      node('Gather', ['up', chosen], 'own_up'),
      node('Gather', ['bias', chosen], 'own_bias'),
      node('Gather', ['down', chosen], 'own_down'),
      node('MatMul', ['x', 'own_up'], 'a'),
      node('Add', ['a', 'own_bias'], 'b'),
      node('Relu', ['b'], 'c'),
      node('MatMul', ['c', 'own_down'], 'y'),
    ],
  };
}

/** Inputs that between them go to each expert. */
function vectorsFor({ reference }: Compilation) {
  const set = defaultVectors(reference, { count: 40 });
  const chosen = new Map<number, ReadonlyMap<string, Tensor>>();
  for (const vector of set.vectors) {
    const best = Number(evaluateSteps(reference, [vector])[0]!.get('best')!.data[0]);
    if (!chosen.has(best)) chosen.set(best, vector);
  }
  expect([...chosen.keys()].sort()).toEqual([0, 1, 2, 3]);
  return { ...set, vectors: [...chosen.values()] };
}

describe.each(['scalar', 'list'] as const)('experts by an index that is a %s', (index) => {
  it.each(['host', 'cortex-m4'])('are the reference on %s; those that are not chosen leave poison', async (target) => {
    const compilation = await compile(sourceOf(expertModel(index)), { target });
    const guarded = compilation.plan.calls.filter(({ guards }) => guards !== undefined);
    expect(guarded.length).toBe(2 * EXPERTS);
    // No weights in RAM, and no copies of anything.
    expect(compilation.plan.calls.some((call) => /gather|copy/.test(call.function))).toBe(false);
    const result = await verifyModel(compilation, vectorsFor(compilation), { sanitize: target === 'host' });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
    expect(result.onnxRuntimeSkipped).toBeUndefined();
  });
});

it('an expert that is not chosen has weights that nobody reads: garbage in their place changes nothing', async () => {
  const compilation = await compile(sourceOf(expertModel('scalar')), { target: 'cortex-m4' });
  for (const vector of vectorsFor(compilation).vectors) {
    const [result] = evaluateSteps(compilation.reference, [vector]);
    const isTaken = (call: Compilation['plan']['calls'][number]) => callIsTaken(call, compilation.graph, result!);
    const poisoned = await poisonedWeights(compilation, isTaken);
    expect(poisoned.bytes).toBe(3 * 4 * (16 * 24 + 24 + 24 * 8));
    const run = await runModel(compilation, [vector], { emit: () => poisoned.files });
    expect(run.steps[0]!.outputs.get('y')!.data).toEqual(result!.get('y')!.data);
    // And the other way round: garbage in the chosen expert's is seen.
    const other = await poisonedWeights(compilation, (call) => call.guards === undefined || !isTaken(call));
    const wrong = await runModel(compilation, [vector], { emit: () => other.files });
    expect(wrong.steps[0]!.outputs.get('y')!.data).not.toEqual(result!.get('y')!.data);
  }
});

it('an index that may be anything gathers the weights, as before', async () => {
  const model = expertModel('scalar');
  const free: BuilderModel = {
    ...model,
    inputs: [...model.inputs, { name: 'best', dtype: 'int64', shape: [] }],
    nodes: model.nodes.filter(({ op }) => op !== 'ArgMax'),
  };
  const { plan } = await compile(sourceOf(free), { target: 'host' });
  expect(plan.calls.filter(({ guards }) => guards !== undefined)).toEqual([]);
  expect(plan.calls.filter((call) => call.node.op === 'Gather').length).toBe(3);
});
