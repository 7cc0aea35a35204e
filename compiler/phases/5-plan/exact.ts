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
}

/** Lowest and highest address that each item can still have; `room[p]` is the stretch of distances that pair p can still have. */
interface Node {
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Bounds of the distance of each pair, -Infinity and Infinity at first. */
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/**
 * @param bytes size of the arena that all items must fit in
 * @param budget pairs that may be looked at before the search is given up
 */
export function placeWithin(items: readonly Item[], conflicts: Conflicts, bytes: number, budget: number): ExactResult {
  const pairs = pairsOf(conflicts);
  const search = new Search(items, pairs, budget);
  const root: Node = {
    low: Float64Array.from(items, (item) => alignUp(item.lowest, item)),
    high: Float64Array.from(items, (item) => alignDown(bytes - item.bytes, item)),
    from: new Float64Array(pairs.length).fill(Number.NEGATIVE_INFINITY),
    to: new Float64Array(pairs.length).fill(Number.POSITIVE_INFINITY),
  };
  const addresses = search.run(root);
  return { ...(addresses === undefined ? {} : { addresses }), finished: search.work <= budget, work: search.work };
}

function pairsOf(conflicts: Conflicts): Pair[] {
  return conflicts.flatMap((map, a) =>
    [...map].flatMap(([b, gaps]) => (a < b && gaps.length > 0 ? [{ a, b, gaps }] : [])),
  );
}

function alignDown(address: number, { alignment, residue }: Item): number {
  return address - modulo(address - residue, alignment);
}

class Search {
  work = 0;
  private readonly pairsOfItem: number[][];

  constructor(
    private readonly items: readonly Item[],
    private readonly pairs: readonly Pair[],
    private readonly budget: number,
  ) {
    this.pairsOfItem = items.map(() => []);
    pairs.forEach(({ a, b }, index) => {
      this.pairsOfItem[a]!.push(index);
      this.pairsOfItem[b]!.push(index);
    });
  }

  /** Depth first, with an explicit stack of nodes still to be tried. */
  run(root: Node): readonly number[] | undefined {
    const all = this.pairs.map((_, index) => index);
    if (this.items.some((_, i) => root.low[i]! > root.high[i]!) || !this.narrow(root, all)) return undefined;
    const stack: Node[] = [root];
    while (stack.length > 0 && this.work <= this.budget) {
      const node = stack.pop()!;
      const choice = this.mostPressing(node);
      if (choice === undefined) return [...node.low];
      for (const [from, to] of this.rooms(node, choice).reverse()) {
        const child: Node = {
          low: node.low.slice(),
          high: node.high.slice(),
          from: node.from.slice(),
          to: node.to.slice(),
        };
        child.from[choice] = from;
        child.to[choice] = to;
        if (this.narrow(child, [choice])) stack.push(child);
      }
    }
    return undefined;
  }

  /** The pair, forbidden at the lowest addresses, that has least freedom; undefined when the lowest addresses are a layout. */
  private mostPressing(node: Node): number | undefined {
    let best: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [index, { a, b, gaps }] of this.pairs.entries()) {
      const distance = node.low[b]! - node.low[a]!;
      if (!gaps.some(({ low, high }) => distance > low && distance < high)) continue;
      const freedom =
        node.high[a]! - node.low[a]! + node.high[b]! - node.low[b]! - this.items[a]!.bytes - this.items[b]!.bytes;
      if (freedom < least) [best, least] = [index, freedom];
    }
    this.work += this.pairs.length;
    return best;
  }

  /** The stretches of distances that are open to a pair, the one that costs least movement first. */
  private rooms(node: Node, index: number): [number, number][] {
    const { a, b, gaps } = this.pairs[index]!;
    const least = Math.max(node.from[index]!, node.low[b]! - node.high[a]!);
    const most = Math.min(node.to[index]!, node.high[b]! - node.low[a]!);
    const edges = [Number.NEGATIVE_INFINITY, ...gaps.flatMap(({ low, high }) => [low, high]), Number.POSITIVE_INFINITY];
    const rooms: [number, number][] = [];
    for (let i = 0; i < edges.length; i += 2) {
      const room: [number, number] = [Math.max(edges[i]!, least), Math.min(edges[i + 1]!, most)];
      if (room[0] <= room[1]) rooms.push(room);
    }
    const distance = node.low[b]! - node.low[a]!;
    const effort = ([from, to]: [number, number]) => Math.max(0, from - distance, distance - to);
    return rooms.sort((x, y) => effort(x) - effort(y));
  }

  /** Tightens bounds until nothing changes; false when an item or a pair has no room left. */
  private narrow(node: Node, start: readonly number[]): boolean {
    const queue = [...start];
    const queued = new Uint8Array(this.pairs.length);
    for (const index of start) queued[index] = 1;
    for (let head = 0; head < queue.length; head += 1) {
      if (this.work > this.budget) return true;
      this.work += 1;
      const index = queue[head]!;
      queued[index] = 0;
      const { a, b, gaps } = this.pairs[index]!;
      const from = firstAllowed(gaps, Math.max(node.from[index]!, node.low[b]! - node.high[a]!));
      const to = lastAllowed(gaps, Math.min(node.to[index]!, node.high[b]! - node.low[a]!));
      if (from > to) return false;
      node.from[index] = from;
      node.to[index] = to;
      const aMoved = this.limit(node, a, node.low[b]! - to, node.high[b]! - from);
      const bMoved = this.limit(node, b, node.low[a]! + from, node.high[a]! + to);
      for (const item of aMoved ? (bMoved ? [a, b] : [a]) : bMoved ? [b] : []) {
        if (node.low[item]! > node.high[item]!) return false;
        for (const other of this.pairsOfItem[item]!) {
          if (queued[other] === 1) continue;
          queued[other] = 1;
          queue.push(other);
        }
      }
    }
    return true;
  }

  /** True when the item's bounds have changed. */
  private limit(node: Node, item: number, low: number, high: number): boolean {
    const raised = low > node.low[item]!;
    const lowered = high < node.high[item]!;
    if (raised) node.low[item] = alignUp(low, this.items[item]!);
    if (lowered) node.high[item] = alignDown(high, this.items[item]!);
    return raised || lowered;
  }
}

/** The smallest distance from `distance` on that no gap forbids; the gaps are sorted. */
function firstAllowed(gaps: readonly Gap[], distance: number): number {
  let result = distance;
  for (const { low, high } of gaps) if (result > low && result < high) result = high;
  return result;
}

function lastAllowed(gaps: readonly Gap[], distance: number): number {
  let result = distance;
  for (let i = gaps.length - 1; i >= 0; i -= 1)
    if (result > gaps[i]!.low && result < gaps[i]!.high) result = gaps[i]!.low;
  return result;
}
