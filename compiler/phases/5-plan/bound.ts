/** Bytes that no plan of an order can do without. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { Allowances } from './conflicts.js';
import { type Contents, writesOf } from './contents.js';
import type { Span } from './lifetimes.js';
import type { Storage } from './storage.js';

export interface LiveSet {
  readonly bytes: number;
  readonly step: number;
  readonly names: readonly string[];
}

/**
 * The step with the largest live set in the arena. With `overlaps`, the bytes that an output can take over from the inputs of
 * its call are counted once: for input a, output b and lead l at most min(a, b - l) of them.
 */
export function largestLiveSet(
  order: readonly KernelCall[],
  spans: readonly Span[],
  contents: Contents,
  storage: Storage,
  overlaps: boolean,
): LiveSet {
  const arena = spans.filter((span) => span.block.region === 'arena');
  const bytes = new Array<number>(order.length + 2).fill(0);
  // Differences at index step + 1, summed below.
  for (const span of arena) {
    bytes[span.from + 1]! += span.bytes;
    if (span.to + 2 < bytes.length) bytes[span.to + 2]! -= span.bytes;
  }
  for (let i = 1; i < bytes.length; i += 1) bytes[i]! += bytes[i - 1]!;
  if (overlaps) {
    const saved = savedBytes(order, arena, contents, storage);
    saved.forEach((count, step) => {
      bytes[step + 1]! -= count;
    });
  }
  let peak = 0;
  for (let i = 1; i < bytes.length; i += 1) if (bytes[i]! > bytes[peak]!) peak = i;
  const step = peak - 1;
  const names = [...new Set(arena.filter((span) => span.from <= step && span.to >= step).map((span) => span.name))];
  return { bytes: bytes[peak]!, step, names };
}

/** By step: bytes that are counted twice in the live set because an output may lie over a dying input. */
function savedBytes(
  order: readonly KernelCall[],
  spans: readonly Span[],
  contents: Contents,
  storage: Storage,
): number[] {
  const allowances = new Allowances(order, contents, storage);
  const dying: Span[][] = order.map(() => []);
  const born: Span[][] = order.map(() => []);
  for (const span of spans) {
    if (span.definition === undefined) continue;
    if (span.to < order.length && span.to >= 0 && span.from < span.to) dying[span.to]!.push(span);
    if (span.from >= 0) born[span.from]!.push(span);
  }
  return order.map((call, step) => {
    if (call.overlaps.length === 0 || writesOf(call).length === 0) return 0;
    let shared = 0;
    for (const a of dying[step]!) {
      for (const b of born[step]!) shared += sharedBytes(a, b, allowances);
    }
    const total = (list: readonly Span[]) => list.reduce((sum, span) => sum + span.bytes, 0);
    return Math.min(shared, total(dying[step]!), total(born[step]!));
  });
}

/** Most bytes that the two can have in common: address(b) - address(a) is at most the limit. */
function sharedBytes(a: Span, b: Span, allowances: Allowances): number {
  const allowed = allowances.between(a, b);
  if (allowed === undefined) return 0;
  if (a.block === b.block) return Math.min(a.bytes, b.bytes);
  // b's span may start at most this far behind a's.
  const lag = allowed.limit + b.offset - a.offset;
  const common = lag >= 0 ? Math.min(a.bytes, b.bytes) : Math.min(a.bytes, b.bytes + lag);
  return Math.max(0, common);
}
