/** Where the last reader of some bytes may write its output over them. */
import type { KernelCall, Overlap } from '../../ir/kernel-call.js';
import { type Contents, type Definition, readsOf } from './contents.js';
import type { Storage } from './storage.js';

/** Bytes [start, start + bytes) of a definition. */
export interface Stretch {
  readonly definition: Definition;
  readonly start: number;
  readonly bytes: number;
}

export class Allowances {
  constructor(
    private readonly contents: Contents,
    private readonly storage: Storage,
  ) {}

  /**
   * The call reads the stretch, nothing does later, and it writes the output: the two may have bytes in common if
   * address(block of output) - address(block of stretch) is not above this. Undefined when they must be kept apart.
   */
  limit(call: KernelCall, stretch: Stretch, output: Definition): number | undefined {
    const reads = readsOf(call);
    let limit = Number.POSITIVE_INFINITY;
    for (const name of new Set(reads)) {
      if (!this.contents.piecesOf(name).some((piece) => intersects(piece, stretch))) continue;
      const entries = call.overlaps.filter((overlap) => overlap.input === name && overlap.output === output.name);
      // A value that is read twice needs the promise for both ways of reading it.
      if (entries.length < reads.filter((other) => other === name).length) return undefined;
      limit = Math.min(limit, ...entries.map((entry) => this.limitOf(entry)));
    }
    return Number.isFinite(limit) ? limit : undefined;
  }

  /** Most bytes that the stretch and the output can have in common. */
  sharedBytes(call: KernelCall, stretch: Stretch, output: Definition): number {
    const from = this.locationOf(stretch.definition.name);
    const to = this.locationOf(output.name);
    const limit = this.limit(call, stretch, output);
    if (limit === undefined || from.block === to.block) return 0;
    // The output may start at most this far behind the stretch.
    const lag = limit + to.offset - from.offset - stretch.start;
    return Math.max(0, Math.min(stretch.bytes, output.bytes, output.bytes + lag));
  }

  private limitOf({ input, output, lead }: Overlap): number {
    return this.locationOf(input).offset - this.locationOf(output).offset - lead;
  }

  private locationOf(name: string) {
    const location = this.storage.values.get(name);
    if (location === undefined) throw new Error(`invariant: "${name}" has no memory`);
    return location;
  }
}

function intersects(a: Stretch, b: Stretch): boolean {
  return a.definition === b.definition && a.start < b.start + b.bytes && b.start < a.start + a.bytes;
}
