/** Looks for a layout of few bytes. Work is bounded by counts, never by the clock, so that the same program gets the same plan. */
import type { Conflicts } from './conflicts.js';
import { pairTable, placeWithin } from './exact.js';
import { type Forbidden, type Item, type Layout, Placer } from './place.js';

export interface Found {
  readonly layout: Layout;
  readonly how: string;
  /** No layout of these items is smaller. */
  readonly optimal: boolean;
}

/** Placements of one item that the improvement may try. */
const IMPROVEMENT_WORK = 50_000;
/** Pairs that the proof may look at in all, and in one question. */
const PROOF_WORK = 1_500_000;
const QUESTION_WORK = 300_000;

/**
 * @param forbidden the conflicts as `forbiddenBy` gives them
 * @param bound bytes that no layout can do without
 * @param thorough false: the first good layout will do (verification builds)
 */
export function searchLayout(
  items: readonly Item[],
  conflicts: Conflicts,
  forbidden: Forbidden,
  bound: number,
  thorough: boolean,
): Found {
  if (items.length === 0) return { layout: { addresses: [], bytes: 0 }, how: 'nothing to place', optimal: true };
  const placer = new Placer(items, forbidden);
  const first = bestSequence(items, placer, bound);
  if (!thorough) return { ...first, optimal: false };
  const improved = improve(items, placer, bound, first);
  if (improved.layout.bytes <= bound) return { ...improved, optimal: true };
  return prove(items, conflicts, bound, improved);
}

interface Candidate {
  readonly layout: Layout;
  readonly how: string;
  readonly sequence: readonly number[];
}

function bestSequence(items: readonly Item[], placer: Placer, bound: number): Candidate {
  let best: Candidate | undefined;
  for (const [how, sequence] of sequencesOf(items)) {
    const layout = placer.place(sequence);
    if (best === undefined || layout.bytes < best.layout.bytes) best = { layout, how, sequence };
    if (best.layout.bytes <= bound) break;
  }
  return best!;
}

function sequencesOf(items: readonly Item[]): [string, number[]][] {
  const by = (key: (item: Item) => number): number[] =>
    items.map((_, i) => i).sort((a, b) => key(items[b]!) - key(items[a]!) || a - b);
  const duration = (item: Item) => item.to - item.from + 1;
  return [
    ['first fit, largest first', by((item) => item.bytes)],
    ['first fit, largest area first', by((item) => item.bytes * duration(item))],
    ['first fit, longest alive first', by((item) => duration(item) * 1e9 + item.bytes)],
    ['first fit, last written first', by((item) => item.from)],
    ['first fit, first written first', by((item) => -item.from)],
  ];
}

/** Hill climbing: an item that ends at the top is moved to another place in the sequence; changes that are not worse are kept. */
function improve(items: readonly Item[], placer: Placer, bound: number, start: Candidate): Candidate {
  const random = generator(items.length);
  let best = start;
  const rounds = Math.floor(IMPROVEMENT_WORK / items.length ** 1.5);
  for (let round = 0; round < rounds && best.layout.bytes > bound; round += 1) {
    const sequence = [...best.sequence];
    const top = sequence.filter((i) => best.layout.addresses[i]! + items[i]!.bytes === best.layout.bytes);
    const moved =
      random() < 0.5 ? top[Math.floor(random() * top.length)]! : sequence[Math.floor(random() * sequence.length)]!;
    sequence.splice(sequence.indexOf(moved), 1);
    sequence.splice(Math.floor(random() * (sequence.length + 1)), 0, moved);
    const layout = placer.place(sequence);
    if (layout.bytes <= best.layout.bytes) best = { layout, how: `${start.how}, improved`, sequence };
  }
  return best.layout.bytes < start.layout.bytes ? best : start;
}

/**
 * Asks for a layout of `bound` bytes, then for sizes half way between what is refused, or takes too long to answer, and the best
 * that is known. What is refused raises the bound.
 */
function prove(items: readonly Item[], conflicts: Conflicts, bound: number, start: Candidate): Found {
  let { layout, how } = start;
  // No layout is smaller than `least`; below `low` there is no answer to be had.
  let least = bound;
  let low = bound;
  let wanted = bound;
  let refused = false;
  const table = pairTable(items, conflicts);
  for (let work = 0; work < PROOF_WORK && layout.bytes > low; ) {
    const result = placeWithin(items, table, wanted, QUESTION_WORK);
    work += Math.max(result.work, items.length);
    if (result.addresses !== undefined) {
      layout = {
        addresses: result.addresses,
        bytes: Math.max(...items.map((item, i) => result.addresses![i]! + item.bytes)),
      };
      how = 'branch and bound';
    } else {
      low = wanted + 1;
      if (result.finished) [least, refused] = [low, true];
    }
    wanted = Math.floor((low + layout.bytes - 1) / 2);
  }
  const optimal = layout.bytes <= least;
  return { layout, how: optimal && refused ? `${how}, proven the smallest` : how, optimal };
}

/** Numbers in [0, 1) that are the same every time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
