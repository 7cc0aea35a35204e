/**
 * The plan's judge: plays the calls on memory whose bytes remember what was written to them. It knows nothing of how the plan
 * was made; it only asks whether every read finds what it should. What it refuses is a defect of nanoc.
 *
 * All branches are played, one after the other, as if each were taken. That proves every way through them: a call that is left out only writes
 * less. Two things are asked besides: whoever reads a value has a writer on each way that leads to him, and what one branch has written
 * (or left: a state) is still whole when another branch writes it in its turn.
 */
import { valueOf } from '../../ir/graph.js';
import { areExclusive, type Guard, isWithin } from '../../ir/guards.js';
import type { KernelCall, Overlap, Program, View } from '../../ir/kernel-call.js';
import type { MemoryPlan, Placement } from '../../ir/memory-plan.js';
import { byteLength, bytesPerElement } from '../../ir/tensor.js';
import {
  type Contents,
  contentsOf,
  cut,
  type Definition,
  type Piece,
  readsOf,
  writersOf,
  writesOf,
} from './contents.js';
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
  private readonly played = new Set<KernelCall>();
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
    const conditional = new Map(program.graph.states.map(({ output, when = [] }) => [output, when]));
    for (const name of program.graph.outputs) {
      this.read(name, plan.calls.length, 'the caller');
      this.checkWriters(name, conditional.get(name) ?? [], 'the caller');
    }
    for (const state of program.graph.states) this.checkState(state.input, state.output);
  }

  private step(call: KernelCall, step: number): void {
    const reader = `step ${step} (${call.function}, "${call.node.name}")`;
    for (const name of readsOf(call)) this.read(name, step, reader);
    call.arguments.forEach((a) => {
      if (a.kind === 'value' && a.access === 'read') this.checkWriters(a.value, call.guards ?? [], reader);
    });
    // A selector is looked at where the guards before it hold.
    call.guards?.forEach(({ selector }, index, all) => {
      this.checkWriters(selector, all.slice(0, index), reader);
    });
    this.checkKept(call, step, reader);
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

  /** On every way to a reader under these guards one of the writers has run. */
  private checkWriters(name: string, guards: readonly Guard[], reader: string): void {
    for (const { definition } of this.contents.piecesOf(name)) {
      if (typeof definition.writer === 'string' || isWrittenUnder(definition, guards)) continue;
      throw new Error(`invariant: ${reader} reads "${name}", which no branch that leads there has written`);
    }
  }

  /** What would be there if this call did not run. */
  private checkKept(call: KernelCall, step: number, reader: string): void {
    const taken = new Set(writesOf(call));
    for (const name of taken) {
      const writers = writersOf(this.contents.definitions.get(name)!);
      if (writers.length > 1 && writers.some((writer) => writer !== call && this.played.has(writer)))
        this.read(name, step, `${reader}, in whose place another branch has written,`);
    }
    for (const { input, output, when = [] } of this.program.graph.states) {
      const isNext =
        when.length > 0 && this.contents.piecesOf(output).some(({ definition }) => taken.has(definition.name));
      if (isNext && this.rangeOf(output).region === 'state' && this.isAt(output, input))
        this.read(input, step, `${reader}, without which the state stays,`);
    }
    this.played.add(call);
  }

  private isAt(a: string, b: string): boolean {
    const [first, second] = [this.rangeOf(a), this.rangeOf(b)];
    return first.region === second.region && first.start === second.start;
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
      const { writer, alternatives } = piece.definition;
      const isCopy = typeof writer !== 'string' && writer.function === 'nanoc_copy' && alternatives.length === 0;
      if (!isCopy) return [piece];
      return cut(this.originsOf(readsOf(writer)[0]!), piece.start, piece.bytes).map((origin) => ({
        ...origin,
        at: origin.at + piece.at,
      }));
    });
    this.origins.set(name, origins);
    return origins;
  }
}

function isWrittenUnder(definition: Definition, guards: readonly Guard[]): boolean {
  const writers = writersOf(definition).filter((writer) => !areExclusive(writer.guards ?? [], guards));
  if (writers.some((writer) => isWithin(guards, writer.guards ?? []))) return true;
  // The guard that is still open: the writers must cover all its values.
  const open = writers[0]?.guards?.find(({ selector }) => !guards.some((guard) => guard.selector === selector));
  if (open === undefined) return false;
  const values = writers.flatMap(({ guards: own = [] }) => own.filter(({ selector }) => selector === open.selector));
  return casesOf(values).every((equals) =>
    isWrittenUnder(definition, [...guards, { selector: open.selector, equals }]),
  );
}

/** 0, 1 ... up to the largest that is named; at least the two of a condition. */
function casesOf(values: readonly Guard[]): number[] {
  const count = Math.max(1, ...values.map(({ equals }) => equals)) + 1;
  return Array.from({ length: count }, (_, index) => index);
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
