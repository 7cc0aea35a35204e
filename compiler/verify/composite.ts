/** Proof that models in one arena do not disturb each other: runs in a mixed order against the references, each on its own. */
import type { Composite } from '../composite/composite.js';
import { type InterleavedOptions, type InterleavedRun, runInterleaved } from '../simulate/interleaved.js';
import { distance } from './compare.js';
import type { VectorSet } from './vector-set.js';
import { evaluateReference } from './verify.js';

export interface CompositeVerification {
  readonly passed: boolean;
  /** Inferences, of all models together. */
  readonly runs: number;
  /** Of them after a run of another model. */
  readonly changes: number;
  /** The first that went wrong, in words. */
  readonly divergence?: string;
}

/** Bytes that the arena is filled with before a run: what another model may leave there. */
const POISONS = [0x55, 0xaa, 0x00, 0xff];

/**
 * Runs every vector of every model once, those of a model in their order, the models in turns of one to three runs.
 * The arena holds another byte before each run, and every third run goes by _step().
 * @param sets vectors of each model
 */
export async function verifyComposite(
  composite: Composite,
  sets: readonly VectorSet[],
  options: InterleavedOptions = {},
): Promise<CompositeVerification> {
  const order = mixedOrder(sets.map(({ vectors }) => vectors.length));
  const next = sets.map(() => 0);
  const places = order.map((model) => ({ model, vector: next[model]!++ }));
  const runs = places.map(
    ({ model, vector }, index): InterleavedRun => ({
      model,
      vector: sets[model]!.vectors[vector]!,
      poison: POISONS[index % POISONS.length]!,
      stepwise: index % 3 === 2,
    }),
  );
  const results = await runInterleaved(composite, runs, options);
  const references: Awaited<ReturnType<typeof evaluateReference>>[] = [];
  for (const [index, model] of composite.models.entries()) {
    references.push(await evaluateReference(model.reference, sets[index]!, options));
  }
  const changes = order.filter((model, index) => index > 0 && order[index - 1] !== model).length;
  for (const [index, { model, vector }] of places.entries()) {
    const { outputs, othersUnchanged } = results[index]!;
    const { name } = composite.models[model]!;
    const where = `run ${index + 1} of ${runs.length}, vector ${vector + 1} of ${name}`;
    const wrong = [...outputs].find(
      ([output, tensor]) => distance(references[model]![vector]!.get(output)!.data, tensor.data).differing.length > 0,
    );
    if (wrong !== undefined)
      return failed(runs.length, changes, `${where}: output "${wrong[0]}" is not the reference's`);
    if (!othersUnchanged) return failed(runs.length, changes, `${where}: the context of another model has changed`);
  }
  return { passed: true, runs: runs.length, changes };
}

function failed(runs: number, changes: number, divergence: string): CompositeVerification {
  return { passed: false, runs, changes, divergence };
}

/** Indices of models: in turns, of one to three runs in a row, until each has had its number of runs. */
function mixedOrder(counts: readonly number[]): number[] {
  const left = [...counts];
  const order: number[] = [];
  for (let turn = 0; left.some((count) => count > 0); turn += 1) {
    for (const model of left.keys()) {
      const runs = Math.min(left[model]!, 1 + ((turn + model) % 3));
      left[model]! -= runs;
      order.push(...Array.from({ length: runs }, () => model));
    }
  }
  return order;
}
