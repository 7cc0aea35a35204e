/** Addresses for blocks in a given sequence, each as low as those before it allow. */
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

/** For each item [other, low, high, other, low, high, ...]: the distances of the other from it that are forbidden. */
export type Forbidden = readonly Float64Array[];

export function forbiddenBy(conflicts: Conflicts): Forbidden {
  const counts = new Int32Array(conflicts.length);
  conflicts.forEach((map, item) => {
    for (const [other, gaps] of map) {
      counts[item]! += gaps.length;
      counts[other]! += gaps.length;
    }
  });
  const lists = Array.from(counts, (count) => new Float64Array(3 * count));
  const ends = new Int32Array(conflicts.length);
  const add = (item: number, other: number, low: number, high: number): void => {
    const list = lists[item]!;
    const end = ends[item]!;
    list[end] = other;
    list[end + 1] = low;
    list[end + 2] = high;
    ends[item] = end + 3;
  };
  conflicts.forEach((map, item) => {
    for (const [other, gaps] of map) {
      for (const { low, high } of gaps) {
        add(item, other, low, high);
        add(other, item, -high, -low);
      }
    }
  });
  return lists;
}

/** Places sequences of the same items. */
export class Placer {
  constructor(
    private readonly items: readonly Item[],
    private readonly forbidden: Forbidden,
  ) {}

  place(sequence: readonly number[]): Layout {
    const addresses = new Array<number>(this.items.length).fill(-1);
    let bytes = 0;
    for (const index of sequence) {
      const address = this.lowestFree(index, addresses);
      addresses[index] = address;
      bytes = Math.max(bytes, address + this.items[index]!.bytes);
    }
    return { addresses, bytes };
  }

  private lowestFree(index: number, addresses: readonly number[]): number {
    const item = this.items[index]!;
    const forbidden = this.forbidden[index]!;
    let address = alignUp(item.lowest, item);
    for (let moved = true; moved; ) {
      moved = false;
      for (let i = 0; i < forbidden.length; i += 3) {
        const base = addresses[forbidden[i]!]!;
        if (base < 0) continue;
        const distance = base - address;
        if (distance <= forbidden[i + 1]! || distance >= forbidden[i + 2]!) continue;
        // Every address up to the one with the smallest allowed distance is forbidden, too.
        address = alignUp(base - forbidden[i + 1]!, item);
        moved = true;
      }
    }
    return address;
  }
}
