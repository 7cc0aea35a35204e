/** Phase 5: an order of the calls and a place for every buffer. docs/MEMORY.md draws it. */

import { valueOf } from '../../ir/graph.js';
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import type { MemoryPlan, Placement } from '../../ir/memory-plan.js';
import { byteLength } from '../../ir/tensor.js';
import { largestLiveSet } from './bound.js';
import { checkPlan } from './check.js';
import { conflictsOf } from './conflicts.js';
import { type Contents, contentsOf } from './contents.js';
import { sortCalls } from './dependencies.js';
import { type Span, spansOf } from './lifetimes.js';
import { alignUp, type Item } from './place.js';
import { searchLayout } from './search.js';
import { separate } from './separate.js';
import { type Block, type Storage, scratchName, storageOf } from './storage.js';

export interface PlanOptions {
  /** Address alignment of the arena and of every block in it, in bytes; kernels may ask for more. */
  readonly alignment: number;
  /** Bytes that are left free round every buffer (verification builds); no buffers overlap then. */
  readonly guardBytes?: number;
}

/**
 * Copies are put in where two values that views tie together cannot be one piece of memory, or where a state is carried over.
 * The result is a program like any other; a separated program comes back as it is.
 */
export function separateStorage(program: Program): Program {
  return separate(program);
}

/** @param program separated by `separateStorage` */
export function planMemory(program: Program, options: PlanOptions): MemoryPlan {
  const contents = contentsOf(program);
  const storage = storageOf(program, contents);
  const order = sortCalls(program, contents)!;
  const guardBytes = options.guardBytes ?? 0;
  const overlaps = guardBytes === 0;
  const spans = spansOf(program, order, contents, storage);
  const conflicts = conflictsOf(spans, order, contents, storage, { guardBytes, overlaps });
  const bound = largestLiveSet(order, spans, contents, storage, overlaps);
  const arena = storage.blocks.filter((block) => block.region === 'arena');
  const numbers = new Map(arena.map((block, i) => [block.index, i]));
  const items = arena.map((block) => itemOf(block, spans, options.alignment, guardBytes));
  const local = arena.map(
    (block) =>
      new Map(
        [...conflicts[block.index]!].flatMap(([other, gaps]) =>
          numbers.has(other) ? [[numbers.get(other)!, gaps] as const] : [],
        ),
      ),
  );
  const found = searchLayout(items, local, bound.bytes);
  const addresses = new Map<Block, number>(arena.map((block, i) => [block, found.layout.addresses[i]!]));
  const stateBytes = placeStates(storage, options.alignment, guardBytes, addresses);
  const plan: MemoryPlan = {
    calls: order,
    views: program.views,
    placements: placementsOf(program, order, contents, storage, spans, addresses),
    arenaBytes: found.layout.bytes + guardBytes,
    stateBytes,
    lowerBound: bound.bytes,
    peak: { step: bound.step, names: bound.names },
    search: { order: 'graph order', placement: found.how, optimal: found.layout.bytes + guardBytes === bound.bytes },
    guardBytes,
  };
  checkPlan(plan, program);
  return plan;
}

function itemOf(block: Block, spans: readonly Span[], alignment: number, guardBytes: number): Item {
  const own = spans.filter((span) => span.block === block);
  const widest = Math.max(block.alignment, Math.min(alignment, 2 ** Math.floor(Math.log2(Math.max(1, block.bytes)))));
  return {
    bytes: block.bytes,
    alignment: block.residue === 0 ? widest : block.alignment,
    residue: block.residue,
    lowest: guardBytes,
    from: Math.min(...own.map((span) => span.from)),
    to: Math.max(...own.map((span) => span.to)),
  };
}

/** States lie one after the other: they are alive always. */
function placeStates(storage: Storage, alignment: number, guardBytes: number, addresses: Map<Block, number>): number {
  let end = 0;
  for (const block of storage.blocks) {
    if (block.region !== 'state') continue;
    const widest = block.residue === 0 ? Math.max(block.alignment, Math.min(alignment, 4)) : block.alignment;
    const address = alignUp(end + guardBytes, { alignment: widest, residue: block.residue });
    addresses.set(block, address);
    end = address + block.bytes;
  }
  return end === 0 ? 0 : end + guardBytes;
}

function placementsOf(
  program: Program,
  order: readonly KernelCall[],
  contents: Contents,
  storage: Storage,
  spans: readonly Span[],
  addresses: ReadonlyMap<Block, number>,
): Map<string, Placement> {
  const placements = new Map<string, Placement>();
  const byDefinition = new Map<string, Span[]>();
  for (const span of spans) byDefinition.set(span.name, [...(byDefinition.get(span.name) ?? []), span]);
  for (const [name, { block, offset, sharesWith }] of storage.values) {
    const bytes = byteLength(valueOf(program.graph, name));
    const shares = sharesWith === undefined ? {} : { sharesWith };
    if (block === undefined) {
      placements.set(name, {
        name,
        kind: 'value',
        region: 'flash',
        offset,
        bytes,
        live: [-1, order.length],
        ...shares,
      });
      continue;
    }
    const lives = contents.piecesOf(name).flatMap(({ definition }) => byDefinition.get(definition.name) ?? []);
    const live = [Math.min(...lives.map((span) => span.from)), Math.max(...lives.map((span) => span.to))] as const;
    placements.set(name, {
      name,
      kind: 'value',
      region: block.region,
      offset: addresses.get(block)! + offset,
      bytes,
      live: lives.length === 0 ? [-1, -1] : live,
      ...shares,
    });
  }
  order.forEach((call, step) => {
    const block = storage.scratch.get(call);
    if (block === undefined) return;
    const name = scratchName(call);
    placements.set(name, {
      name,
      kind: 'scratch',
      region: 'arena',
      offset: addresses.get(block)!,
      bytes: block.bytes,
      live: [step, step],
    });
  });
  return placements;
}
