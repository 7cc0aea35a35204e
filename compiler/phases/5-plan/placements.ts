import { valueOf } from '../../ir/graph.js';
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import type { Placement } from '../../ir/memory-plan.js';
import { byteLength } from '../../ir/tensor.js';
import type { Contents } from './contents.js';
import type { Span } from './lifetimes.js';
import { type Block, type Storage, scratchName } from './storage.js';

/** One entry for every value that has memory, in flash too, and for every scratch. */
export function placementsOf(
  program: Program,
  order: readonly KernelCall[],
  contents: Contents,
  storage: Storage,
  spans: readonly Span[],
  addresses: ReadonlyMap<Block, number>,
): Map<string, Placement> {
  const placements = new Map<string, Placement>();
  const lives = livesByName(spans);
  for (const [name, { block, offset, sharesWith }] of storage.values) {
    const bytes = byteLength(valueOf(program.graph, name));
    const shares = sharesWith === undefined ? {} : { sharesWith };
    const region = block?.region ?? 'flash';
    const live = block === undefined ? ([-1, order.length] as const) : lifeOf(name, contents, lives);
    placements.set(name, {
      name,
      kind: 'value',
      region,
      offset: (block === undefined ? 0 : addresses.get(block)!) + offset,
      bytes,
      live,
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

function livesByName(spans: readonly Span[]): Map<string, [number, number]> {
  const lives = new Map<string, [number, number]>();
  for (const { name, from, to } of spans) {
    const life = lives.get(name);
    lives.set(name, life === undefined ? [from, to] : [Math.min(life[0], from), Math.max(life[1], to)]);
  }
  return lives;
}

/** From the first write to the last use of any of the definitions that a value is made of. */
function lifeOf(
  name: string,
  contents: Contents,
  lives: ReadonlyMap<string, readonly [number, number]>,
): readonly [number, number] {
  const own = contents.piecesOf(name).map(({ definition }) => lives.get(definition.name)!);
  if (own.length === 0) return [-1, -1];
  return [Math.min(...own.map(([from]) => from)), Math.max(...own.map(([, to]) => to))];
}
