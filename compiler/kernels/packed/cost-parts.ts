/** What a packed stream makes a kernel's assembly do, for the cost formulas. */
import { assemblyOf } from '../assembly-count.js';
import type { CostView } from '../cost-view.js';

/** Channels of one kind: what runs them, in how many calls, and how long their lists of surplus weights are. */
export interface Part {
  readonly lines: readonly string[];
  readonly exact: boolean;
  readonly flush: number;
  readonly calls: number;
  readonly groups: number;
  readonly words: number;
}

/** The segments of a stream by the function that runs them; `width` channels are one group. */
export function partsOf(view: CostView, prefix: string, channels: number, width: number): readonly Part[] {
  const segments = [...((view.constant('segments') as Int32Array | undefined) ?? [])];
  const rows = Array.from({ length: segments.length / 4 }, (_, i) => segments.slice(4 * i, 4 * i + 4));
  // Functions are numbered in the order in which their files are generated.
  return [...assemblyOf(view.call)]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, lines], number) => {
      const own = rows.flatMap(([kind, first, start, end], i) => {
        if (kind !== number) return [];
        const next = rows[i + 1]?.[1] ?? channels;
        return [{ groups: Math.max(1, Math.ceil((next - first!) / width)), words: end! - start! }];
      });
      const sum = (key: 'groups' | 'words') => own.reduce((total, each) => total + each[key], 0);
      const flush = Number(/_by(\d+)/.exec(name)?.[1]);
      return { lines, exact: /_sums/.test(name), flush, calls: own.length, groups: sum('groups'), words: sum('words') };
    });
}

/** Entries of one list of surplus weights, on average; `base` words of a group are no part of its lists. */
export function surplusOf(name: string, { words, groups }: Part, base: number, lists: number): number {
  const perWord = name.includes('_bytes') ? 4 : name.includes('_halfwords') ? 2 : 0;
  if (perWord === 0 || groups === 0) return 0;
  return Math.max(0, ((words / groups - base) * perWord) / 2 / lists - 0.5);
}
