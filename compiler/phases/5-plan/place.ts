/** Addresses for blocks: each block as low as it can go, in several sequences, then improved by exchanging neighbours in the sequence. */
import type { Conflicts } from './conflicts.js';
import { modulo } from './groups.js';

/** A block to be placed, as the search sees it. */
export interface Item {
  readonly bytes: number;
  readonly alignment: number;
  readonly residue: number;
  /** Lowest address that it may have (guard bytes). */
  readonly lowest: number;
  /** First and last step in which it is alive. */
  readonly from: number;
  readonly to: number;
}

export interface Layout {
  /** Address by item index. */
  readonly addresses: readonly number[];
  /** End of the highest item. */
  readonly bytes: number;
}

/** The lowest address at or above `address` that is right modulo the alignment. */
export function alignUp(address: number, { alignment, residue }: Pick<Item, 'alignment' | 'residue'>): number {
  return address + modulo(residue - address, alignment);
}

/** Places the items in this sequence, each at the lowest address that those before leave free. */
export function placeInSequence(items: readonly Item[], conflicts: Conflicts, sequence: readonly number[]): Layout {
  const addresses = new Array<number>(items.length).fill(-1);
  let bytes = 0;
  for (const index of sequence) {
    const item = items[index]!;
    const taken: [number, number][] = [];
    for (const [other, gaps] of conflicts[index]!) {
      const base = addresses[other]!;
      if (base < 0) continue;
      // Gaps are distances of the other from this one.
      for (const { low, high } of gaps) taken.push([base - high, base - low]);
    }
    taken.sort((a, b) => a[0] - b[0]);
    let address = alignUp(item.lowest, item);
    for (const [low, high] of taken) {
      if (address <= low) break;
      if (address < high) address = alignUp(high, item);
    }
    addresses[index] = address;
    bytes = Math.max(bytes, address + item.bytes);
  }
  return { addresses, bytes };
}
