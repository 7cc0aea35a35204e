/** What conditional computation costs: the mean over inputs, and the most that any way through the branches can take. */
import type { Guard } from '../ir/guards.js';

export interface GuardedStep {
  readonly guards?: readonly Guard[];
}

/** Instructions of each step for one input, and which steps ran. */
export interface CountedRun {
  readonly instructions: readonly number[];
  readonly taken: readonly boolean[];
}

/**
 * The dearest way through the branches, each step at the most that it took in any run, and skipped at what that took.
 * @returns instructions of all steps together, and the steps that no run took: they count nothing
 */
export function worstCase(
  steps: readonly GuardedStep[],
  runs: readonly CountedRun[],
): { readonly instructions: number; readonly unseen: readonly number[] } {
  const most = (step: number, taken: boolean): number | undefined => {
    const counts = runs.flatMap((run) => (run.taken[step] === taken ? [run.instructions[step]!] : []));
    return counts.length === 0 ? undefined : Math.max(...counts);
  };
  const skipped = steps.map((_, step) => most(step, false) ?? 0);
  const costs = steps.map((_, step) => Math.max(0, (most(step, true) ?? 0) - skipped[step]!));
  const all = steps.map((_, step) => step);
  const instructions = skipped.reduce((sum, count) => sum + count, dearest(steps, costs, all, 0));
  return { instructions, unseen: all.filter((step) => most(step, true) === undefined) };
}

/** Of steps whose guards are the same up to `depth`: those without more of them, and of each selector the dearest case. */
function dearest(
  steps: readonly GuardedStep[],
  costs: readonly number[],
  members: readonly number[],
  depth: number,
): number {
  const cases = new Map<string, Map<number, number[]>>();
  let sum = 0;
  for (const step of members) {
    const guard = steps[step]!.guards?.[depth];
    if (guard === undefined) {
      sum += costs[step]!;
      continue;
    }
    const own = cases.get(guard.selector) ?? new Map<number, number[]>();
    cases.set(guard.selector, own.set(guard.equals, [...(own.get(guard.equals) ?? []), step]));
  }
  for (const own of cases.values())
    sum += Math.max(...[...own.values()].map((inner) => dearest(steps, costs, inner, depth + 1)));
  return sum;
}
