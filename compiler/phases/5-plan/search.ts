/** Looks for a layout of few bytes. Work is bounded by counts, never by the clock, so that the same program gets the same plan. */
import type { Conflicts } from './conflicts.js';
import { type Item, type Layout, placeInSequence } from './place.js';

export interface Found {
  readonly layout: Layout;
  readonly how: string;
}

/** @param enough a layout of so many bytes cannot be improved */
export function searchLayout(items: readonly Item[], conflicts: Conflicts, enough: number): Found {
  let best: Found | undefined;
  for (const [how, sequence] of sequencesOf(items)) {
    const layout = placeInSequence(items, conflicts, sequence);
    if (best === undefined || layout.bytes < best.layout.bytes) best = { layout, how };
    if (best.layout.bytes <= enough) break;
  }
  return best!;
}

function sequencesOf(items: readonly Item[]): [string, number[]][] {
  const by = (key: (item: Item) => number): number[] =>
    items.map((_, i) => i).sort((a, b) => key(items[b]!) - key(items[a]!) || a - b);
  const duration = (item: Item) => item.to - item.from + 1;
  return [
    ['largest first', by((item) => item.bytes)],
    ['largest area first', by((item) => item.bytes * duration(item))],
    ['longest alive first', by((item) => duration(item) * 1e9 + item.bytes)],
    ['last step first', by((item) => item.from)],
    ['first step first', by((item) => -item.from)],
  ];
}
