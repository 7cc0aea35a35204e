/** Blocks: the units that get an address. A block is a group of values at fixed distances, or the scratch of one call. */
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import type { Contents } from './contents.js';
import { type Group, modulo, residueOf } from './groups.js';
import { joinedGroups } from './separate.js';

export interface Block {
  readonly index: number;
  readonly region: 'arena' | 'state';
  /** From its first byte to its last. */
  readonly bytes: number;
  /** Its address must be `residue` modulo `alignment`: what the users of its values need. */
  readonly alignment: number;
  readonly residue: number;
  /** The value at its start, or the scratch: for texts. */
  readonly name: string;
}

export interface Location {
  /** Undefined in flash. */
  readonly block: Block | undefined;
  readonly offset: number;
  /** The value whose memory it is part of, when it is no definition of its own. */
  readonly sharesWith?: string;
}

export interface Storage {
  readonly blocks: readonly Block[];
  /** Every value that has memory. */
  readonly values: ReadonlyMap<string, Location>;
  readonly scratch: ReadonlyMap<KernelCall, Block>;
}

export function scratchName(call: KernelCall): string {
  return `${call.node.name}#scratch`;
}

/** @param program a separated program */
export function storageOf(program: Program, contents: Contents): Storage {
  const blocks: Block[] = [];
  const values = new Map<string, Location>();
  for (const group of joinedGroups(program, contents).list()) {
    const block = group.region === 'flash' ? undefined : blockOf(group, group.region, blocks.length);
    if (block !== undefined) blocks.push(block);
    const start = Math.min(...group.members.map((member) => member.offset));
    const owner =
      group.members.find((member) => member.offset === start && member.defined) ??
      group.members.find((member) => member.defined);
    for (const { name, offset } of group.members) {
      const shares = owner === undefined || owner.name === name ? {} : { sharesWith: owner.name };
      values.set(name, { block, offset: offset - start, ...shares });
    }
  }
  const scratch = new Map<KernelCall, Block>();
  for (const call of program.calls) {
    if (call.scratch === undefined || call.scratch.bytes === 0) continue;
    const { bytes, alignment } = call.scratch;
    const block: Block = {
      index: blocks.length,
      region: 'arena',
      bytes,
      alignment,
      residue: 0,
      name: scratchName(call),
    };
    blocks.push(block);
    scratch.set(call, block);
  }
  return { blocks, values, scratch };
}

function blockOf(group: Group, region: Block['region'], index: number): Block {
  const start = Math.min(...group.members.map((member) => member.offset));
  const end = Math.max(...group.members.map((member) => member.offset + member.bytes));
  const { alignment, residue } = residueOf(group.members)!;
  const first = group.members.find((member) => member.offset === start && member.bytes > 0) ?? group.members[0]!;
  return {
    index,
    region,
    bytes: end - start,
    alignment,
    residue: modulo(residue + start, alignment),
    name: first.name,
  };
}
