/**
 * Looks for the order of calls with the smallest largest live set. The states of the search are sets of calls that have run; what
 * is alive depends on the set alone, so of all ways to one set only the best is kept (dynamic programming, level by level). When
 * a level has too many sets, the most promising are kept and the result is no longer proven.
 */
import { type LiveModel, peakOf, stepBytes } from './liveness.js';

export interface FoundOrder {
  /** Indices of model.calls. */
  readonly order: readonly number[];
  readonly peak: number;
  /** No order has a smaller largest live set. */
  readonly proven: boolean;
}

/** The search may look at so many sets in all, of so many calls together. */
const SETS = 60_000;
const CALLS = 5_000_000;
const WIDEST_LEVEL = 4_000;

interface State {
  /** Bit i: call i has run. */
  readonly done: Uint16Array;
  /** Calls that can run next, ascending. */
  readonly ready: readonly number[];
  readonly live: number;
  readonly peak: number;
  readonly last: number;
  readonly previous: State | undefined;
}

/** The given order unless there is a better one. */
export function bestOrder(model: LiveModel): FoundOrder {
  const given = model.calls.map((_, i) => i);
  const { bytes: peak } = peakOf(model, given);
  if (peak <= smallestPeak(model)) return { order: given, peak, proven: true };
  const { found, complete } = search(model, peak);
  if (found === undefined) return { order: given, peak, proven: complete };
  return { order: pathOf(found), peak: found.peak, proven: complete };
}

/** No order can have a smaller peak: every call needs its own inputs and outputs, whatever else is alive. */
function smallestPeak(model: LiveModel): number {
  let peak = model.inputBytes;
  model.calls.forEach((call, index) => {
    const inputs = call.reads.reduce((sum, unit) => sum + model.units[unit]!.bytes, 0);
    peak = Math.max(peak, stepBytes(model, index, inputs, () => true).during);
  });
  return peak;
}

/** @param limit only orders with a smaller peak are of interest */
function search(model: LiveModel, limit: number): { found: State | undefined; complete: boolean } {
  const count = model.calls.length;
  const width = Math.max(8, Math.min(WIDEST_LEVEL, Math.floor(SETS / count), Math.floor(CALLS / count ** 2)));
  let complete = true;
  let level: State[] = [firstState(model)];
  for (let step = 0; step < count && level.length > 0; step += 1) {
    const next = new Map<string, State>();
    for (const state of level) {
      for (const index of state.ready) {
        const child = childOf(model, state, index);
        if (child.peak >= limit) continue;
        const key = String.fromCharCode(...child.done);
        const known = next.get(key);
        if (known === undefined || child.peak < known.peak) next.set(key, child);
      }
    }
    level = [...next.values()];
    if (level.length > width) {
      complete = false;
      level = level.sort((a, b) => a.peak - b.peak || a.live - b.live).slice(0, width);
    }
  }
  const found = level.reduce<State | undefined>((a, b) => (a === undefined || b.peak < a.peak ? b : a), undefined);
  return { found, complete };
}

function firstState(model: LiveModel): State {
  const ready = model.calls.flatMap((call, i) => (call.before.length === 0 ? [i] : []));
  const done = new Uint16Array(Math.ceil(model.calls.length / 16));
  return { done, ready, live: model.readInputBytes, peak: model.inputBytes, last: -1, previous: undefined };
}

function childOf(model: LiveModel, state: State, index: number): State {
  const { during, after } = stepBytes(model, index, state.live, (call) => has(state.done, call));
  const done = state.done.slice();
  done[index >> 4]! |= 1 << (index & 15);
  const freed = model.calls[index]!.after.filter((call) =>
    model.calls[call]!.before.every((other) => has(done, other)),
  );
  const ready = [...state.ready.filter((call) => call !== index), ...freed].sort((a, b) => a - b);
  return { done, ready, live: after, peak: Math.max(state.peak, during), last: index, previous: state };
}

function has(done: Uint16Array, call: number): boolean {
  return ((done[call >> 4]! >> (call & 15)) & 1) === 1;
}

function pathOf(end: State): number[] {
  const order: number[] = [];
  for (let state: State | undefined = end; state !== undefined && state.last >= 0; state = state.previous)
    order.push(state.last);
  return order.reverse();
}
