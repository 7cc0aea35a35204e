/**
 * Exact placement within a given number of bytes: branch and bound over the question, for two blocks that conflict, which of the
 * allowed distances between them holds (below, above, or in a hole between two forbidden stretches).
 */
import type { Conflicts, Gap } from './conflicts.js';
import { modulo } from './groups.js';
import { alignUp, type Item } from './place.js';

export interface ExactResult {
  /** Addresses, when there is a layout; undefined when there is none or the search was given up. */
  readonly addresses?: readonly number[];
  /** False when the search was given up. */
  readonly finished: boolean;
  /** Pairs looked at. */
  readonly work: number;
}

interface Pair {
  readonly a: number;
  readonly b: number;
  /** Forbidden distances of b from a. */
  readonly gaps: readonly Gap[];
  /** Of both together. */
  readonly bytes: number;
}

/** The pairs that conflict, once for all questions about the same items. */
export interface PairTable {
  readonly pairs: readonly Pair[];
  /** Indices of the pairs of each item. */
  readonly ofItem: readonly (readonly number[])[];
}

export function pairTable(items: readonly Item[], conflicts: Conflicts): PairTable {
  const pairs: Pair[] = [];
  const ofItem: number[][] = items.map(() => []);
  conflicts.forEach((map, a) => {
    for (const [b, gaps] of map) {
      ofItem[a]!.push(pairs.length);
      ofItem[b]!.push(pairs.length);
      pairs.push({ a, b, gaps, bytes: items[a]!.bytes + items[b]!.bytes });
    }
  });
  return { pairs, ofItem };
}

/**
 * @param bytes size of the arena that all items must fit in
 * @param budget pairs that may be looked at before the search is given up
 */
export function placeWithin(items: readonly Item[], table: PairTable, bytes: number, budget: number): ExactResult {
  const search = new Search(items, table, bytes, budget);
  const addresses = search.run();
  return { ...(addresses === undefined ? {} : { addresses }), finished: search.work <= budget, work: search.work };
}

function alignDown(address: number, { alignment, residue }: Item): number {
  return address - modulo(address - residue, alignment);
}

/** A decision that can be taken back: the open stretches of a pair that have not been tried yet. */
interface Choice {
  readonly pair: number;
  readonly rooms: (readonly [number, number])[];
  /** Length of the trail before the decision. */
  readonly mark: number;
}

class Search {
  work = 0;
  /** Lowest and highest address that each item can still have. */
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  /** Smallest and largest distance that each pair can still have. */
  private readonly from: Float64Array;
  private readonly to: Float64Array;
  /** What was overwritten, to be restored when a decision is taken back. */
  private readonly trail: { readonly list: Float64Array; readonly index: number; readonly old: number }[] = [];
  /** Off until the first decision: what holds before it is never taken back. */
  private remembers = false;
  private readonly pairs: readonly Pair[];
  private readonly pairsOfItem: readonly (readonly number[])[];
  private readonly queued: Uint8Array;

  constructor(
    private readonly items: readonly Item[],
    { pairs, ofItem }: PairTable,
    bytes: number,
    private readonly budget: number,
  ) {
    this.low = Float64Array.from(items, (item) => alignUp(item.lowest, item));
    this.high = Float64Array.from(items, (item) => alignDown(bytes - item.bytes, item));
    this.from = new Float64Array(pairs.length).fill(Number.NEGATIVE_INFINITY);
    this.to = new Float64Array(pairs.length).fill(Number.POSITIVE_INFINITY);
    this.queued = new Uint8Array(pairs.length);
    this.pairs = pairs;
    this.pairsOfItem = ofItem;
  }

  /** Depth first. Addresses, or undefined when there are none or the budget is used up. */
  run(): readonly number[] | undefined {
    const all = this.pairs.map((_, index) => index);
    if (this.items.some((_, i) => this.low[i]! > this.high[i]!) || !this.narrow(all)) return undefined;
    this.remembers = true;
    const choices: Choice[] = [];
    while (this.work <= this.budget) {
      const pair = this.mostPressing();
      if (pair === undefined) return [...this.low];
      choices.push({ pair, rooms: this.rooms(pair), mark: this.trail.length });
      if (!this.decide(choices)) return undefined;
    }
    return undefined;
  }

  /** Takes the next stretch of the last choice that has one and leads to no contradiction; false when there is none. */
  private decide(choices: Choice[]): boolean {
    for (let choice = choices.at(-1); choice !== undefined; choice = choices.at(-1)) {
      this.restore(choice.mark);
      const room = choice.rooms.shift();
      if (room === undefined) {
        choices.pop();
        continue;
      }
      this.set(this.from, choice.pair, room[0]);
      this.set(this.to, choice.pair, room[1]);
      if (this.narrow([choice.pair])) return true;
      if (this.work > this.budget) return false;
    }
    return false;
  }

  private set(list: Float64Array, index: number, value: number): void {
    const old = list[index]!;
    if (old === value) return;
    if (this.remembers) this.trail.push({ list, index, old });
    list[index] = value;
  }

  private restore(mark: number): void {
    while (this.trail.length > mark) {
      const { list, index, old } = this.trail.pop()!;
      list[index] = old;
    }
  }

  /** The pair, forbidden at the lowest addresses, that has least freedom; undefined when the lowest addresses are a layout. */
  private mostPressing(): number | undefined {
    let best: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    this.work += this.pairs.length >> 1;
    for (let index = 0; index < this.pairs.length; index += 1) {
      const { a, b, gaps, bytes } = this.pairs[index]!;
      const distance = this.low[b]! - this.low[a]!;
      if (firstAllowed(gaps, distance) === distance) continue;
      const freedom = this.high[a]! - this.low[a]! + this.high[b]! - this.low[b]! - bytes;
      if (freedom < least) [best, least] = [index, freedom];
    }
    return best;
  }

  /** The stretches of distances that are open to a pair, the one that costs least movement first. */
  private rooms(index: number): [number, number][] {
    const { a, b, gaps } = this.pairs[index]!;
    const least = Math.max(this.from[index]!, this.low[b]! - this.high[a]!);
    const most = Math.min(this.to[index]!, this.high[b]! - this.low[a]!);
    const edges = [Number.NEGATIVE_INFINITY, ...gaps.flatMap(({ low, high }) => [low, high]), Number.POSITIVE_INFINITY];
    const rooms: [number, number][] = [];
    for (let i = 0; i < edges.length; i += 2) {
      const room: [number, number] = [Math.max(edges[i]!, least), Math.min(edges[i + 1]!, most)];
      if (room[0] <= room[1]) rooms.push(room);
    }
    const distance = this.low[b]! - this.low[a]!;
    const effort = ([from, to]: [number, number]) => Math.max(0, from - distance, distance - to);
    return rooms.sort((x, y) => effort(x) - effort(y));
  }

  /** Tightens bounds until nothing changes; false when an item or a pair has no room left. */
  private narrow(start: readonly number[]): boolean {
    const queue = [...start];
    for (const index of start) this.queued[index] = 1;
    let open = true;
    for (let head = 0; head < queue.length; head += 1) {
      const index = queue[head]!;
      this.queued[index] = 0;
      // After a contradiction the queue is only emptied.
      if (open) open = this.narrowPair(index, queue);
    }
    return open;
  }

  private narrowPair(index: number, queue: number[]): boolean {
    this.work += 1;
    const { a, b, gaps } = this.pairs[index]!;
    const from = firstAllowed(gaps, Math.max(this.from[index]!, this.low[b]! - this.high[a]!));
    const to = lastAllowed(gaps, Math.min(this.to[index]!, this.high[b]! - this.low[a]!));
    if (from > to) return false;
    this.set(this.from, index, from);
    this.set(this.to, index, to);
    return (
      this.limit(a, this.low[b]! - to, this.high[b]! - from, queue) &&
      this.limit(b, this.low[a]! + from, this.high[a]! + to, queue)
    );
  }

  /** Narrows an item's addresses and queues its pairs when they have changed; false when none are left. */
  private limit(item: number, low: number, high: number, queue: number[]): boolean {
    if (low <= this.low[item]! && high >= this.high[item]!) return true;
    if (low > this.low[item]!) this.set(this.low, item, alignUp(low, this.items[item]!));
    if (high < this.high[item]!) this.set(this.high, item, alignDown(high, this.items[item]!));
    if (this.low[item]! > this.high[item]!) return false;
    for (const other of this.pairsOfItem[item]!) {
      if (this.queued[other] === 1) continue;
      this.queued[other] = 1;
      queue.push(other);
    }
    return true;
  }
}

/** The smallest distance from `distance` on that no gap forbids; the gaps are sorted. */
function firstAllowed(gaps: readonly Gap[], distance: number): number {
  let result = distance;
  for (let i = 0; i < gaps.length; i += 1) {
    const gap = gaps[i]!;
    if (result > gap.low && result < gap.high) result = gap.high;
  }
  return result;
}

function lastAllowed(gaps: readonly Gap[], distance: number): number {
  let result = distance;
  for (let i = gaps.length - 1; i >= 0; i -= 1) {
    const gap = gaps[i]!;
    if (result > gap.low && result < gap.high) result = gap.low;
  }
  return result;
}
