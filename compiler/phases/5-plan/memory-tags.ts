/** Memory whose bytes remember what was written to them; for the plan's judge. */

interface Run {
  readonly start: number;
  readonly end: number;
  /** What was written, and which byte of it lies at `start`; undefined where the contents are of no use. */
  readonly tag: string | undefined;
  readonly byte: number;
}

export class TaggedMemory {
  /** Ascending, without gaps between the first and the last. */
  private runs: Run[] = [];

  /** Bytes [address, address + bytes) now hold bytes `byte`, `byte` + 1, ... of `tag`. */
  write(address: number, bytes: number, tag: string | undefined, byte = 0): void {
    const end = address + bytes;
    const result: Run[] = [];
    for (const run of this.runs) {
      if (run.end <= address || run.start >= end) {
        result.push(run);
        continue;
      }
      if (run.start < address) result.push({ ...run, end: address });
      if (run.end > end) result.push({ ...run, start: end, byte: run.byte + end - run.start });
    }
    if (bytes > 0) result.push({ start: address, end, tag, byte });
    this.runs = result.sort((a, b) => a.start - b.start);
  }

  /** The stretches of [address, address + bytes) that hold something else than `tag`. */
  others(address: number, bytes: number, tag: string): { address: number; bytes: number }[] {
    const end = address + bytes;
    return this.runs
      .filter((run) => run.start < end && run.end > address && run.tag !== undefined && run.tag !== tag)
      .map((run) => ({
        address: Math.max(run.start, address),
        bytes: Math.min(run.end, end) - Math.max(run.start, address),
      }));
  }

  /** The first address in [address, address + bytes) that does not hold what it should, with what it holds; undefined if all do. */
  mismatch(address: number, bytes: number, tag: string, byte: number): { address: number; holds: string } | undefined {
    let next = address;
    const end = address + bytes;
    for (const run of this.runs) {
      if (run.end <= next || next >= end) continue;
      if (run.start > next) break;
      if (run.tag !== tag || run.byte + next - run.start !== byte + next - address) {
        return {
          address: next,
          holds: run.tag === undefined ? 'scratch' : `byte ${run.byte + next - run.start} of "${run.tag}"`,
        };
      }
      next = Math.min(run.end, end);
    }
    return next >= end ? undefined : { address: next, holds: 'nothing' };
  }
}
