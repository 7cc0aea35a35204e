/** ONNX `If`: both branches are in the program, one runs; what the other would write and read is left alone. */
import { describe, expect, it } from 'vitest';
import { type Compilation, compile } from '../../compiler/index.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { evaluateSteps } from '../../compiler/reference/evaluate.js';
import { callIsTaken } from '../../compiler/reference/taken.js';
import { runModel } from '../../compiler/simulate/session.js';
import { measure } from '../../compiler/toolchain/measure.js';
import { defaultVectors } from '../../compiler/verify/vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { cacheModel, exitModel, nestedModel, sourceOf } from '../support/branch-models.js';
import type { BuilderModel } from '../support/onnx-builder.js';
import { poisonedWeights } from '../support/poisoned-weights.js';

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
    const result = await verifyModel(compilation, set, { sanitize: target === 'host' });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
    expect(result.onnxRuntimeSkipped).toBeUndefined();
  });
});

describe('an early exit', () => {
  it('skips the layers behind it: their weights are not read, and they take no instructions', async () => {
    const compilation = await compiled('exit', 'cortex-m4');
    const { vectors } = vectorsFor(compilation, 8);
    const results = evaluateSteps(compilation.reference, vectors);
    const leaves = results.map((result) => result.get('is_sure')!.data[0] === 1);
    const run = async (index: number, poisoned: boolean) => {
      const isRead = (call: Compilation['plan']['calls'][number]) =>
        callIsTaken(call, compilation.graph, results[index]!) === poisoned || call.guards === undefined;
      const { files, bytes } = await poisonedWeights(compilation, isRead);
      expect(bytes).toBeGreaterThan(0);
      const { steps } = await runModel(compilation, [vectors[index]!], { emit: () => files });
      return steps[0]!;
    };
    const counts: number[] = [];
    for (const index of [leaves.indexOf(true), leaves.indexOf(false)]) {
      const expected = results[index]!.get('y')!.data;
      const other = await run(index, true);
      expect(other.outputs.get('y')!.data).toEqual(expected);
      expect((await run(index, false)).outputs.get('y')!.data).not.toEqual(expected);
      counts.push(other.instructions!);
    }
    // 16 x 8 products instead of 16 x 40, 40 x 16 and 16 x 8.
    const [early, late] = counts as [number, number];
    expect(early).toBeLessThan(late - 5 * 16 * 40);
  });

  it('is expected to take the mean, and at worst the dearer branch', async () => {
    const compilation = await compiled('exit', 'cortex-m4');
    const { vectors } = vectorsFor(compilation, 8);
    const { steps } = await runModel(compilation, vectors);
    const counts = steps.map(({ instructions }) => instructions!);
    const measured = await measure(compilation, { vectors, stack: false });
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    expect(Math.abs(measured.expectedInstructions! / mean - 1)).toBeLessThan(0.01);
    expect(measured.instructions!).toBeGreaterThanOrEqual(Math.max(...counts));
    expect(measured.instructions!).toBeLessThan(1.02 * Math.max(...counts));
    expect(measured.notes).toContainEqual(
      expect.stringMatching(/^branches of "is_sure" in 8 vectors: 0 in \d+ %, 1 in \d+ %$/),
    );
  });

  it('leaves the cache of what it skips alone, and else writes one row of it', async () => {
    const compilation = await compiled('cache', 'cortex-m4');
    const { calls, stateBytes } = compilation.plan;
    expect(stateBytes).toBe(6 * 16 * 4);
    // The only copy is that of the early output.
    expect(calls.filter((call) => call.function === 'nanoc_copy').map(({ node }) => node.outputs)).toEqual([['y']]);
    const { vectors } = vectorsFor(compilation, 6);
    const results = evaluateSteps(compilation.reference, vectors);
    const row = 16 * 4;
    let state: Uint8Array = new Uint8Array(stateBytes);
    for (const [index, vector] of vectors.entries()) {
      const run = await runModel(compilation, [vector], { state });
      const changed = Array.from({ length: 6 }, (_, i) => i).filter((i) =>
        run.state.subarray(i * row, (i + 1) * row).some((byte, at) => byte !== state[i * row + at]),
      );
      const leaves = results[index]!.get('is_sure')!.data[0] === 1;
      expect(changed).toEqual(leaves ? [] : [index % 6]);
      state = run.state;
    }
    expect(new Set(results.map((result) => result.get('is_sure')!.data[0]))).toEqual(new Set([0, 1]));
  });
});
