/** Which distances between two blocks are forbidden, because bytes of both are alive at once. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { type Allowance, Allowances } from './allowances.js';
import type { Contents } from './contents.js';
import type { Span } from './lifetimes.js';
import type { Block, Storage } from './storage.js';

/** Forbidden: address(second) - address(first) strictly between `low` and `high`. */
export interface Gap {
  readonly low: number;
  readonly high: number;
}

/** By block, as a place in a list: the later ones that it conflicts with, and their forbidden distances, sorted and without touching ones. */
export type Conflicts = readonly ReadonlyMap<number, readonly Gap[]>[];

/** @param blocks the blocks that are of interest; the others' spans are passed over */
export function conflictsOf(
  blocks: readonly Block[],
  spans: readonly Span[],
  order: readonly KernelCall[],
  contents: Contents,
  storage: Storage,
  guardBytes: number,
): Conflicts {
  const numbers = new Map(blocks.map((block, i) => [block, i]));
  const gaps: Map<number, Gap[]>[] = blocks.map(() => new Map());
  const add = (a: number, b: number, gap: Gap): void => {
    if (gap.high - gap.low < 2) return;
    if (a < b) push(gaps[a]!, b, gap);
    else push(gaps[b]!, a, { low: -gap.high, high: -gap.low });
  };
  const allowances = new Allowances(contents, storage);
  const own = spans.filter(({ block }) => numbers.has(block));
  forEachPairAliveAtOnce(own, (a, b) => {
    if (a.block === b.block) return;
    const [first, second] = [numbers.get(a.block)!, numbers.get(b.block)!];
    for (const gap of gapsOf(a, b, order, guardBytes, allowances, storage)) add(first, second, gap);
  });
  // Nearly all pairs have one gap.
  for (const map of gaps) for (const [other, list] of map) if (list.length > 1) map.set(other, merge(list));
  return gaps;
}

/** Forbidden distances for one pair of spans; `a` does not begin after `b`. */
function gapsOf(
  a: Span,
  b: Span,
  order: readonly KernelCall[],
  guardBytes: number,
  allowances: Allowances,
  storage: Storage,
): Gap[] {
  const low = a.offset - b.offset - b.bytes - guardBytes;
  const high = a.offset - b.offset + a.bytes + guardBytes;
  const apart = [{ low, high }];
  const call = order[b.from];
  if (guardBytes > 0 || call === undefined || a.to !== b.from || a.from === b.from) return apart;
  if (a.definition === undefined || b.definition?.writer !== call) return apart;
  const start = a.offset - storage.values.get(a.definition.name)!.offset;
  const allowed = allowances.between(call, { definition: a.definition, start, bytes: a.bytes }, b.definition);
  if (allowed === undefined || allowed.limit <= low) return apart;
  return gapsWith(allowed, low, Math.max(high, low + 1));
}

/** With a step only some of the allowed distances are offered: the nearest ones, and those round the classic in-place operation. */
const OFFERED = 4;

function gapsWith({ limit, step, same }: Allowance, low: number, high: number): Gap[] {
  if (step === 1) return limit < high ? [{ low: limit, high }] : [];
  // Distances from `high` on are apart anyway.
  const nearest = limit < high ? limit : limit - Math.ceil((limit - high + 1) / step) * step;
  const points = new Set<number>();
  for (const from of [nearest, Math.min(nearest, same)]) {
    for (let i = 0; i < OFFERED; i += 1) points.add(from - i * step);
  }
  const edges = [high, ...[...points].filter((point) => point > low).sort((a, b) => b - a), low];
  return edges.slice(1).map((edge, i) => ({ low: edge, high: edges[i]! }));
}

function forEachPairAliveAtOnce(spans: readonly Span[], action: (earlier: Span, later: Span) => void): void {
  const sorted = spans.filter((span) => span.bytes > 0).sort((a, b) => a.from - b.from);
  let alive: Span[] = [];
  for (const span of sorted) {
    alive = alive.filter((other) => other.to >= span.from);
    for (const other of alive) action(other, span);
    alive.push(span);
  }
}

function push(map: Map<number, Gap[]>, key: number, gap: Gap): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [gap]);
  else list.push(gap);
}

/** The union of open intervals of whole numbers: two that leave no whole number between them become one. */
function merge(gaps: readonly Gap[]): Gap[] {
  const sorted = [...gaps].sort((a, b) => a.low - b.low);
  const result: Gap[] = [];
  for (const gap of sorted) {
    const last = result.at(-1);
    if (last !== undefined && gap.low < last.high)
      result[result.length - 1] = { low: last.low, high: Math.max(last.high, gap.high) };
    else result.push(gap);
  }
  return result;
}
