/**
 * The plan's judge: plays the calls on memory whose bytes remember what was written to them. It knows nothing of how the plan
 * was made; it only asks whether every read finds what it should. What it refuses is a defect of nanoc.
 */
import { valueOf } from '../../ir/graph.js';
import type { KernelCall, Overlap, Program, View } from '../../ir/kernel-call.js';
import type { MemoryPlan, Placement } from '../../ir/memory-plan.js';
import { byteLength, bytesPerElement } from '../../ir/tensor.js';
import { type Contents, contentsOf, cut, type Piece, readsOf, writesOf } from './contents.js';
import { TaggedMemory } from './memory-tags.js';

interface Range {
  readonly region: Placement['region'];
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * @param program the separated program that was planned
 * @throws Error with an invariant message when a call is missing, a buffer lies outside its region or is misaligned, a call's
 *   buffers overlap where its kernel does not allow it, or a step, the caller, or the next start would read clobbered bytes
 */
export function checkPlan(plan: MemoryPlan, program: Program): void {
  new Judge(plan, program).run();
}

class Judge {
  private readonly contents: Contents;
  /** A representative of all values that views tie to this one. */
  private readonly tied: (name: string) => string;
  /** Whose bytes were written last, by representative; only with guard bytes. */
  private readonly owners = { arena: new TaggedMemory(), state: new TaggedMemory(), flash: new TaggedMemory() };
  private readonly origins = new Map<string, readonly Piece[]>();
  private readonly memory = { arena: new TaggedMemory(), state: new TaggedMemory(), flash: new TaggedMemory() };

  constructor(
    private readonly plan: MemoryPlan,
    private readonly program: Program,
  ) {
    this.contents = contentsOf({ ...program, calls: plan.calls, views: plan.views });
    this.tied = tiedBy(plan.views);
  }

  run(): void {
    const { plan, program } = this;
    const expected = new Set(program.calls);
    if (plan.calls.length !== expected.size || plan.calls.some((call) => !expected.delete(call))) {
      throw new Error('invariant: the plan does not run every call once');
    }
    for (const placement of plan.placements.values()) this.checkBounds(placement);
    for (const { name, writer } of this.contents.definitions.values()) {
      if (writer === 'input' || writer === 'state') this.write(name);
    }
    for (const name of program.graph.inputs) this.read(name, -1, 'the caller');
    plan.calls.forEach((call, step) => {
      this.step(call, step);
    });
    for (const name of program.graph.outputs) this.read(name, plan.calls.length, 'the caller');
    for (const state of program.graph.states) this.checkState(state.input, state.output);
  }

  private step(call: KernelCall, step: number): void {
    const reader = `step ${step} (${call.function}, "${call.node.name}")`;
    for (const name of readsOf(call)) this.read(name, step, reader);
    this.checkOverlaps(call, reader);
    if (this.needsScratch(call)) {
      const { region, start, end } = this.rangeOf(`${call.node.name}#scratch`);
      if (end - start < call.scratch!.bytes) throw new Error(`invariant: the scratch of ${reader} is too small`);
      this.memory[region].write(start, end - start, undefined);
      this.spoilGuards(`${call.node.name}#scratch`);
    }
    for (const name of writesOf(call)) this.write(name);
    this.checkAlignment(call, reader);
  }

  private needsScratch(call: KernelCall): boolean {
    return call.scratch !== undefined && call.scratch.bytes > 0;
  }

  private placementOf(name: string): Placement {
    const placement = this.plan.placements.get(name);
    if (placement === undefined) throw new Error(`invariant: "${name}" has no place`);
    return placement;
  }

  private rangeOf(name: string): Range {
    const { region, offset, bytes, kind } = this.placementOf(name);
    const needed = kind === 'scratch' ? bytes : byteLength(valueOf(this.program.graph, name));
    if (bytes < needed) throw new Error(`invariant: "${name}" has ${bytes} bytes of ${needed}`);
    return { region, name, start: offset, end: offset + needed };
  }

  private checkBounds({ name, region, offset, bytes }: Placement): void {
    const size =
      region === 'arena' ? this.plan.arenaBytes : region === 'state' ? this.plan.stateBytes : Number.POSITIVE_INFINITY;
    if (offset < 0 || offset + bytes > size) throw new Error(`invariant: "${name}" lies outside the ${region}`);
  }

  private checkAlignment(call: KernelCall, reader: string): void {
    const aligned = (name: string, alignment: number): void => {
      const { region, offset } = this.placementOf(name);
      if (region !== 'flash' && offset % alignment !== 0)
        throw new Error(`invariant: "${name}" is not aligned to ${alignment} bytes for ${reader}`);
    };
    for (const name of [...readsOf(call), ...writesOf(call)]) {
      aligned(name, Math.max(call.alignment ?? 1, bytesPerElement(valueOf(this.program.graph, name).dtype)));
    }
    if (this.needsScratch(call)) aligned(`${call.node.name}#scratch`, call.scratch!.alignment);
  }

  private write(name: string): void {
    const { region, start } = this.rangeOf(name);
    if (region === 'flash') throw new Error(`invariant: "${name}" is written and lies in flash`);
    for (const { definition, start: byte, at, bytes } of this.originsOf(name)) {
      this.memory[region].write(start + at, bytes, definition.name, byte);
    }
    this.spoilGuards(name);
  }

  /** Nothing that is still needed may lie in the guard bytes of a buffer, but for its neighbours in a Concat. */
  private spoilGuards(name: string): void {
    const { guardBytes } = this.plan;
    const { region, start, end } = this.rangeOf(name);
    if (guardBytes === 0 || start === end) return;
    const size = region === 'arena' ? this.plan.arenaBytes : this.plan.stateBytes;
    if (start < guardBytes || end + guardBytes > size)
      throw new Error(`invariant: "${name}" has no guard bytes at an end of the ${region}`);
    const owner = this.tied(name);
    for (const address of [start - guardBytes, end]) {
      for (const spoiled of this.owners[region].others(address, guardBytes, owner))
        this.memory[region].write(spoiled.address, spoiled.bytes, undefined);
    }
    this.owners[region].write(start, end - start, owner);
  }

  private read(name: string, step: number, reader: string): void {
    const { region, start } = this.rangeOf(name);
    const { live } = this.placementOf(name);
    const pieces = this.originsOf(name);
    for (const { definition, start: byte, at, bytes } of pieces) {
      if (definition.writer === 'constant' && region === 'flash') continue;
      const wrong = this.memory[region].mismatch(start + at, bytes, definition.name, byte);
      if (wrong === undefined) continue;
      throw new Error(
        `invariant: ${reader} reads "${name}", and ${region} byte ${wrong.address} holds ${wrong.holds} instead of byte ${byte + wrong.address - start - at} of "${definition.name}"`,
      );
    }
    if (region !== 'flash' && pieces.length > 0 && (step < live[0] || step > live[1])) {
      throw new Error(`invariant: ${reader} reads "${name}" outside its lifetime`);
    }
  }

  /** What a call writes may lie over what it reads only as its kernel allows; scratch and outputs are apart from each other. */
  private checkOverlaps(call: KernelCall, reader: string): void {
    const reads = readsOf(call);
    const outputs = writesOf(call).map((name) => this.rangeOf(name));
    const scratch = this.needsScratch(call) ? [this.rangeOf(`${call.node.name}#scratch`)] : [];
    const written = [...outputs, ...scratch];
    written.forEach((a, i) => {
      for (const b of written.slice(i + 1))
        if (intersect(a, b))
          throw new Error(`invariant: ${reader} writes "${a.name}" and "${b.name}" to the same bytes`);
    });
    for (const name of new Set(reads)) {
      const input = this.rangeOf(name);
      for (const output of written) {
        if (!intersect(input, output)) continue;
        const entries = call.overlaps.filter((overlap) => overlap.input === name && overlap.output === output.name);
        const times = reads.filter((other) => other === name).length;
        if (entries.length >= times && entries.every((entry) => isAllowed(entry, input.start - output.start))) continue;
        throw new Error(`invariant: ${reader} writes "${output.name}" over "${name}" while it reads it`);
      }
    }
  }

  /** The next start finds its state. */
  private checkState(input: string, output: string): void {
    const { region, start, end } = this.rangeOf(input);
    if (region !== 'state') throw new Error(`invariant: state "${input}" is not in state memory`);
    const pieces = this.originsOf(output);
    const stored = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    const wrong = pieces.some(
      ({ definition, start: byte, at, bytes }) =>
        this.memory.state.mismatch(start + at, bytes, definition.name, byte) !== undefined,
    );
    if (wrong || stored !== end - start)
      throw new Error(`invariant: after the last step the memory of state "${input}" does not hold "${output}"`);
  }

  /** What a value holds, seen through copies: the bytes of what inputs, states and other calls have written. */
  private originsOf(name: string): readonly Piece[] {
    const known = this.origins.get(name);
    if (known !== undefined) return known;
    const origins = this.contents.piecesOf(name).flatMap((piece) => {
      const { writer } = piece.definition;
      if (typeof writer === 'string' || writer.function !== 'nanoc_copy') return [piece];
      return cut(this.originsOf(readsOf(writer)[0]!), piece.start, piece.bytes).map((origin) => ({
        ...origin,
        at: origin.at + piece.at,
      }));
    });
    this.origins.set(name, origins);
    return origins;
  }
}

function isAllowed({ lead, multiple }: Overlap, distance: number): boolean {
  return distance >= lead && (multiple === undefined || distance % multiple === 0);
}

function intersect(a: Range, b: Range): boolean {
  return a.region === b.region && a.region !== 'flash' && a.start < b.end && b.start < a.end;
}

function tiedBy(views: readonly View[]): (name: string) => string {
  const parent = new Map<string, string>();
  const root = (name: string): string => {
    let current = name;
    for (let next = parent.get(current); next !== undefined; next = parent.get(current)) current = next;
    return current;
  };
  for (const { value, base } of views) {
    const [a, b] = [root(value), root(base)];
    if (a !== b) parent.set(a, b);
  }
  return root;
}
