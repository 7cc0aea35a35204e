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

/** Allowed: address(block of output) - address(block of input) is `limit` - k * `step` for some k >= 0. */
export interface Allowance {
  readonly limit: number;
  readonly step: number;
  /** The distance at which output and input start at the same byte. */
  readonly same: number;
}

export class Allowances {
  constructor(
    private readonly contents: Contents,
    private readonly storage: Storage,
  ) {}

  /**
   * The call reads the stretch, nothing does later, and it writes the output: where the two may have bytes in common. Undefined
   * when they must be kept apart.
   */
  between(call: KernelCall, stretch: Stretch, output: Definition): Allowance | undefined {
    const reads = readsOf(call);
    let allowed: Allowance | undefined;
    for (const name of new Set(reads)) {
      if (!this.contents.piecesOf(name).some((piece) => intersects(piece, stretch))) continue;
      const entries = call.overlaps.filter((overlap) => overlap.input === name && overlap.output === output.name);
      // A value that is read twice needs the promise for both ways of reading it.
      if (entries.length < reads.filter((other) => other === name).length) return undefined;
      for (const entry of entries) {
        allowed = both(allowed, this.allowanceOf(entry));
        if (allowed === undefined) return undefined;
      }
    }
    return allowed;
  }

  /** Most bytes that the stretch and the output can have in common. */
  sharedBytes(call: KernelCall, stretch: Stretch, output: Definition): number {
    const from = this.locationOf(stretch.definition.name);
    const to = this.locationOf(output.name);
    const allowed = this.between(call, stretch, output);
    if (allowed === undefined || from.block === to.block) return 0;
    // The output may start at most this far behind the stretch.
    const lag = allowed.limit + to.offset - from.offset - stretch.start;
    return Math.max(0, Math.min(stretch.bytes, output.bytes, output.bytes + lag));
  }

  private allowanceOf({ input, output, lead, multiple }: Overlap): Allowance {
    const same = this.locationOf(input).offset - this.locationOf(output).offset;
    return { limit: same - lead, step: multiple ?? 1, same };
  }

  private locationOf(name: string) {
    const location = this.storage.values.get(name);
    if (location === undefined) throw new Error(`invariant: "${name}" has no memory`);
    return location;
  }
}

/** What two allowances have in common; undefined when that is no allowance (different steps: not worth the trouble). */
function both(a: Allowance | undefined, b: Allowance): Allowance | undefined {
  if (a === undefined) return b;
  const [near, far] = a.limit <= b.limit ? [a, b] : [b, a];
  if (far.step === 1) return near;
  return near.step === far.step && (far.limit - near.limit) % near.step === 0 ? near : undefined;
}

function intersects(a: Stretch, b: Stretch): boolean {
  return a.definition === b.definition && a.start < b.start + b.bytes && b.start < a.start + a.bytes;
}
