/** Which distances between two blocks are forbidden, because bytes of both are alive at once. */
import type { KernelCall, Overlap } from '../../ir/kernel-call.js';
import { type Contents, readsOf } from './contents.js';
import type { Span } from './lifetimes.js';
import type { Storage } from './storage.js';

/** Forbidden: address(second) - address(first) strictly between `low` and `high`. */
export interface Gap {
  readonly low: number;
  readonly high: number;
}

/** By block index: the other blocks that it conflicts with, and the forbidden distances, sorted and without touching ones. */
export type Conflicts = readonly ReadonlyMap<number, readonly Gap[]>[];

export interface ConflictOptions {
  /** Bytes between any two buffers that are alive at once; overlaps are not used then. */
  readonly guardBytes: number;
  /** False: input and output of a call are always kept apart. */
  readonly overlaps: boolean;
}

/** A call's overlaps between one read value and one written value, all of them to be kept. */
interface Allowance {
  /** address(block of output) - address(block of input) must not be above this. */
  readonly limit: number;
}

export function conflictsOf(
  spans: readonly Span[],
  order: readonly KernelCall[],
  contents: Contents,
  storage: Storage,
  options: ConflictOptions,
): Conflicts {
  const gaps: Map<number, Gap[]>[] = storage.blocks.map(() => new Map());
  const add = (a: number, b: number, gap: Gap): void => {
    if (gap.high - gap.low < 2) return;
    push(gaps[a]!, b, gap);
    push(gaps[b]!, a, { low: -gap.high, high: -gap.low });
  };
  const allowances = new Allowances(order, contents, storage);
  forEachPairAliveAtOnce(spans, (a, b) => {
    if (a.block === b.block) return;
    add(a.block.index, b.block.index, gapOf(a, b, options, allowances));
  });
  return gaps.map((map) => new Map([...map].map(([other, list]) => [other, merge(list)])));
}

/** Forbidden distances for one pair of spans; `a` does not begin after `b`. */
function gapOf(a: Span, b: Span, options: ConflictOptions, allowances: Allowances): Gap {
  const low = a.offset - b.offset - b.bytes - options.guardBytes;
  const high = a.offset - b.offset + a.bytes + options.guardBytes;
  if (!options.overlaps || options.guardBytes > 0 || a.to !== b.from || a.from === b.from) return { low, high };
  const allowed = allowances.between(a, b);
  return allowed === undefined ? { low, high } : { low: Math.max(low, allowed.limit), high };
}

/** Where the last reader of some bytes may write its output over them. */
export class Allowances {
  constructor(
    private readonly order: readonly KernelCall[],
    private readonly contents: Contents,
    private readonly storage: Storage,
  ) {}

  /** For bytes `a` that die in the step in which `b` is written; undefined when the two must be kept apart. */
  between(a: Span, b: Span): Allowance | undefined {
    const call = this.order[b.from];
    if (call === undefined || a.definition === undefined || b.definition === undefined) return undefined;
    const target = b.definition.name;
    if (b.definition.writer !== call) return undefined;
    const start = this.storage.values.get(a.definition.name)!.offset;
    let limit = Number.POSITIVE_INFINITY;
    const reads = readsOf(call);
    for (const name of reads) {
      const touches = this.contents
        .piecesOf(name)
        .some(
          (piece) =>
            piece.definition === a.definition &&
            start + piece.start < a.offset + a.bytes &&
            a.offset < start + piece.start + piece.bytes,
        );
      if (!touches) continue;
      const entries = call.overlaps.filter((overlap) => overlap.input === name && overlap.output === target);
      // A value that is read twice needs the promise for both ways of reading it.
      if (entries.length < reads.filter((other) => other === name).length) return undefined;
      limit = Math.min(limit, ...entries.map((entry) => this.limitOf(entry)));
    }
    return Number.isFinite(limit) ? { limit } : undefined;
  }

  private limitOf({ input, output, lead }: Overlap): number {
    return this.storage.values.get(input)!.offset - this.storage.values.get(output)!.offset - lead;
  }
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
