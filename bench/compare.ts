/** The difference between two sets of results, and what of it is a regression. */
import { type Figure, figures, keyOf, type Result, type ResultKey } from './results.js';

/** Growth of a figure that `--check` lets pass, as a fraction. */
export const tolerance = 0.01;

export interface Change extends ResultKey {
  readonly figure: Figure;
  readonly before: number;
  readonly after: number;
}

/** Every figure that differs, in both directions. Rows that only one side has are left out. */
export function changes(committed: readonly Result[], fresh: readonly Result[]): readonly Change[] {
  const before = new Map(committed.map((result) => [keyOf(result), result]));
  return fresh.flatMap((result) => {
    const old = before.get(keyOf(result));
    if (old === undefined) return [];
    const { model, target, kernels, optimize } = result;
    return figures
      .filter((figure) => old[figure] !== result[figure])
      .map((figure) => ({ model, target, kernels, optimize, figure, before: old[figure], after: result[figure] }));
  });
}

/** One line for each figure that grew by more than the tolerance, and each row that is no longer exact. */
export function regressions(committed: readonly Result[], fresh: readonly Result[]): readonly string[] {
  const grown = changes(committed, fresh).filter(({ before, after }) => after > before * (1 + tolerance));
  const wasExact = new Set(committed.filter((result) => result.exact).map(keyOf));
  return [
    ...fresh
      .filter((result) => !result.exact && wasExact.has(keyOf(result)))
      .map((result) => `${keyOf(result)}: no longer exact`),
    ...grown.map((change) => `${keyOf(change)}: ${change.figure} ${describe(change)}`),
  ];
}

/** `1,000 -> 1,020 (+2.0 %)` */
export function describe({ before, after }: Pick<Change, 'before' | 'after'>): string {
  const percent = before === 0 ? 'from nothing' : `${signed((100 * (after - before)) / before)} %`;
  return `${group(before)} -> ${group(after)} (${percent})`;
}

function signed(percent: number): string {
  return `${percent >= 0 ? '+' : ''}${percent.toFixed(1)}`;
}

/** 1234567 as `1,234,567`, the same in every locale. */
export function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
