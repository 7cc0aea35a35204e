/** Addresses of all blocks for one order of the calls. */
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import { conflictsOf } from './conflicts.js';
import type { Contents } from './contents.js';
import { type Span, spansOf } from './lifetimes.js';
import { alignUp, forbiddenBy, type Item } from './place.js';
import { type Found, searchLayout } from './search.js';
import type { Block, Storage } from './storage.js';

export interface PlanOptions {
  /** Address alignment of the arena, and of the blocks in it where that costs nothing; in bytes. Kernels may ask for more. */
  readonly alignment: number;
  /** Bytes that are left free round every buffer (verification builds); no buffers overlap then. */
  readonly guardBytes?: number;
}

export interface ArenaLayout {
  readonly spans: readonly Span[];
  readonly addresses: ReadonlyMap<Block, number>;
  readonly bytes: number;
  readonly how: string;
  readonly optimal: boolean;
}

const WORD = 4;

/** With more blocks than this the search is done once, with the wide alignment only. */
const MANY_BLOCKS = 400;

/** @param bound bytes that no layout of this order can do without */
export function layoutArena(
  program: Program,
  order: readonly KernelCall[],
  contents: Contents,
  storage: Storage,
  bound: number,
  options: PlanOptions,
): ArenaLayout {
  const guardBytes = options.guardBytes ?? 0;
  const spans = spansOf(program, order, contents, storage);
  const blocks = storage.blocks.filter((block) => block.region === 'arena');
  const conflicts = conflictsOf(blocks, spans, order, contents, storage, guardBytes);
  const forbidden = forbiddenBy(conflicts);
  const within = lifeOfBlocks(spans);
  const find = (alignment: number): Found =>
    searchLayout(
      blocks.map((block) => itemOf(block, within.get(block), alignment, guardBytes)),
      conflicts,
      forbidden,
      bound,
      guardBytes === 0,
    );
  const wide = find(options.alignment);
  // Wide alignment may cost bytes; then words are enough, and single bytes if those cost bytes too.
  const narrower =
    wide.layout.bytes <= bound || guardBytes > 0 || blocks.length > MANY_BLOCKS
      ? []
      : [WORD, 1].filter((alignment) => alignment < options.alignment);
  const found = narrower.reduce((best, alignment) => {
    const other = find(alignment);
    return other.layout.bytes < best.layout.bytes || (other.optimal && other.layout.bytes === best.layout.bytes)
      ? other
      : best;
  }, wide);
  const addresses = new Map(blocks.map((block, i) => [block, found.layout.addresses[i]!]));
  return {
    spans,
    addresses,
    bytes: found.layout.bytes + (blocks.length > 0 ? guardBytes : 0),
    how: found.how,
    optimal: found.optimal,
  };
}

function lifeOfBlocks(spans: readonly Span[]): Map<Block, { from: number; to: number }> {
  const lives = new Map<Block, { from: number; to: number }>();
  for (const { block, from, to } of spans) {
    const life = lives.get(block);
    lives.set(
      block,
      life === undefined ? { from, to } : { from: Math.min(life.from, from), to: Math.max(life.to, to) },
    );
  }
  return lives;
}

function itemOf(
  block: Block,
  life: { from: number; to: number } | undefined,
  alignment: number,
  guardBytes: number,
): Item {
  return {
    bytes: block.bytes,
    ...alignmentOf(block, alignment),
    lowest: guardBytes,
    from: life?.from ?? -1,
    to: life?.to ?? -1,
  };
}

/** What the users of a block need, and up to `alignment` where the block is large enough to gain from it. */
function alignmentOf(block: Block, alignment: number): { alignment: number; residue: number } {
  if (block.residue !== 0) return { alignment: block.alignment, residue: block.residue };
  const useful = 2 ** Math.floor(Math.log2(Math.max(1, block.bytes)));
  return { alignment: Math.max(block.alignment, Math.min(alignment, useful)), residue: 0 };
}

/** States lie one after the other, since they are alive always. */
export function layoutStates(
  storage: Storage,
  options: PlanOptions,
): { addresses: ReadonlyMap<Block, number>; bytes: number } {
  const guardBytes = options.guardBytes ?? 0;
  const addresses = new Map<Block, number>();
  let end = 0;
  for (const block of storage.blocks) {
    if (block.region !== 'state') continue;
    const address = alignUp(end + guardBytes, alignmentOf(block, Math.min(options.alignment, WORD)));
    addresses.set(block, address);
    end = address + block.bytes;
  }
  return { addresses, bytes: addresses.size === 0 ? 0 : end + guardBytes };
}
