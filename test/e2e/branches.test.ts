/** ONNX `If`: both branches are in the program, one runs; what the other would write and read is left alone. */
import { describe, expect, it } from 'vitest';
import { type Compilation, compile } from '../../compiler/index.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { evaluateSteps } from '../../compiler/reference/evaluate.js';
import { callIsTaken } from '../../compiler/reference/taken.js';
import { defaultVectors } from '../../compiler/verify/vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { cacheModel, exitModel, nestedModel, sourceOf } from '../support/branch-models.js';
import type { BuilderModel } from '../support/onnx-builder.js';

const MODELS: Record<string, BuilderModel> = { exit: exitModel(), nested: nestedModel(), cache: cacheModel() };
const STATES = { cache: ['present=past'] } as Record<string, string[]>;

async function compiled(name: string, target: string): Promise<Compilation> {
  return compile(sourceOf(MODELS[name]!), { target, ...(STATES[name] ? { states: STATES[name] } : {}) });
}

/** Inputs in range: conditions of both values, positions of the cache. */
function vectorsFor({ reference }: Compilation, count: number) {
  const set = defaultVectors(reference, { count });
  const vectors = set.vectors.map((vector, index) => {
    const changed = new Map<string, Tensor>(vector);
    for (const [name, tensor] of vector) {
      if (tensor.dtype === 'bool')
        changed.set(name, { ...tensor, data: Uint8Array.of((index >> (name === 'a' ? 0 : 1)) & 1) });
      if (tensor.dtype === 'int64') changed.set(name, { ...tensor, data: BigInt64Array.of(BigInt(index % 6)) });
    }
    return changed;
  });
  return { ...set, vectors };
}

describe.each(Object.keys(MODELS))('%s', (name) => {
  it.each(['host', 'cortex-m4'])('is the reference on %s, and what is not taken stays poisoned', async (target) => {
    const compilation = await compiled(name, target);
    const set = vectorsFor(compilation, 8);
    const results = evaluateSteps(compilation.reference, set.vectors);
    // Each guarded call is taken by one of the vectors, and left out by another.
    for (const call of compilation.plan.calls.filter(({ guards }) => guards !== undefined)) {
      const taken = results.map((result) => callIsTaken(call, compilation.graph, result));
      expect(new Set(taken), call.node.name).toEqual(new Set([true, false]));
    }
    const result = await verifyModel(compilation, set, { sanitize: target === 'host', onnxRuntime: 'on' } as never);
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
    expect(result.onnxRuntimeSkipped).toBeUndefined();
  });
});
