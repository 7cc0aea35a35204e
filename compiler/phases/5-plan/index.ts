/** Phase 5: an order of the calls and a place for every buffer. docs/MEMORY.md draws it. */
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import type { MemoryPlan } from '../../ir/memory-plan.js';
import { checkPlan } from './check.js';
import { contentsOf } from './contents.js';
import { type ArenaLayout, layoutArena, layoutStates, type PlanOptions } from './layout.js';
import { type LiveModel, liveModelOf, peakOf } from './liveness.js';
import { bestOrder } from './order.js';
import { placementsOf } from './placements.js';
import { storageOf } from './storage.js';

export { checkPlan } from './check.js';
export type { PlanOptions } from './layout.js';
export { separateStorage } from './states.js';

interface Candidate {
  readonly order: readonly number[];
  readonly how: string;
}

interface Planned {
  readonly candidate: Candidate;
  readonly order: readonly KernelCall[];
  readonly peak: { readonly bytes: number; readonly step: number };
  readonly layout: ArenaLayout;
}

/**
 * The same program and options give the same plan.
 * @param program separated by `separateStorage`: its views and states can all hold at once
 * @throws Error with an invariant message when the finished plan does not pass `checkPlan`
 */
export function planMemory(program: Program, options: PlanOptions): MemoryPlan {
  const contents = contentsOf(program);
  const storage = storageOf(program, contents);
  const guardBytes = options.guardBytes ?? 0;
  const model = liveModelOf(program, contents, storage, guardBytes === 0);
  let best: Planned | undefined;
  for (const candidate of candidatesOf(model, guardBytes > 0)) {
    const order = candidate.order.map((index) => model.calls[index]!.call);
    const peak = peakOf(model, candidate.order);
    if (best !== undefined && best.layout.bytes <= peak.bytes) continue;
    const layout = layoutArena(program, order, contents, storage, peak.bytes, options);
    if (best === undefined || layout.bytes < best.layout.bytes) best = { candidate, order, peak, layout };
  }
  const { candidate, order, peak, layout } = best!;
  const states = layoutStates(storage, options);
  const apart = liveModelOf(program, contents, storage, false);
  const plan: MemoryPlan = {
    calls: order,
    views: program.views,
    placements: placementsOf(
      program,
      order,
      contents,
      storage,
      layout.spans,
      new Map([...layout.addresses, ...states.addresses]),
    ),
    arenaBytes: layout.bytes,
    stateBytes: states.bytes,
    lowerBound: peak.bytes,
    layerBound: peakOf(apart, candidate.order).bytes,
    peak: { step: peak.step, names: namesAt(layout, peak.step) },
    search: { order: candidate.how, placement: layout.how, optimal: layout.optimal },
    guardBytes,
  };
  checkPlan(plan, program);
  return plan;
}

/** The order of the graph, and a better one when there is one. */
function candidatesOf(model: LiveModel, quick: boolean): Candidate[] {
  const given = model.calls.map((_, i) => i);
  if (quick) return [{ order: given, how: 'the order of the graph' }];
  const found = bestOrder(model);
  const isGiven = found.order.every((call, i) => call === i);
  const claim = found.proven ? 'no order needs less' : 'the best that was found';
  if (isGiven) return [{ order: given, how: `the order of the graph: ${claim}` }];
  return [
    { order: found.order, how: `changed: ${claim}` },
    { order: given, how: 'the order of the graph' },
  ];
}

function namesAt({ spans }: ArenaLayout, step: number): string[] {
  const alive = spans.filter(({ block, from, to }) => block.region === 'arena' && from <= step && to >= step);
  return [...new Set(alive.map(({ name }) => name))];
}
