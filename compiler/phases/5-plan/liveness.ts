/** The arena's live set as a function of which calls have run: for the search of an order, and for the lower bound of one. */
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import { Allowances } from './allowances.js';
import { type Contents, type Definition, readsOf, writersOf, writesOf } from './contents.js';
import { dependenciesOf } from './dependencies.js';
import type { Storage } from './storage.js';

/** Bytes of a definition that have the same readers. */
export interface Unit {
  readonly bytes: number;
  /** Calls that read it, as indices; the writers too where branches write it in turn, so that it is kept from the first to the last. */
  readonly readers: readonly number[];
  /** Calls that write it, as indices. */
  readonly writers: readonly number[];
  /** A graph output: kept after the last reader. */
  readonly kept: boolean;
}

/** An output of a call may lie over a unit if the call is the unit's last reader. */
export interface Takeover {
  readonly unit: number;
  readonly output: Definition;
  /** Most bytes that the two can have in common. */
  readonly shared: number;
}

export interface CallModel {
  readonly call: KernelCall;
  /** Calls that must run before and after it, as indices. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Units, as indices. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly scratch: number;
  readonly takeovers: readonly Takeover[];
}

export interface LiveModel {
  readonly units: readonly Unit[];
  /** In the order of program.calls. */
  readonly calls: readonly CallModel[];
  /** Bytes of the inputs, and of those among them that something reads. */
  readonly inputBytes: number;
  readonly readInputBytes: number;
}

/** @param overlaps false: input and output of a call are always kept apart */
export function liveModelOf(program: Program, contents: Contents, storage: Storage, overlaps = true): LiveModel {
  const { units, unitsOf } = unitsOfProgram(program, contents, storage);
  const index = new Map(program.calls.map((call, i) => [call, i]));
  const before = dependenciesOf(program, contents);
  const after: number[][] = program.calls.map(() => []);
  for (const [call, others] of before) for (const other of others) after[index.get(other)!]!.push(index.get(call)!);
  const allowances = new Allowances(contents, storage);
  const reads: Set<number>[] = program.calls.map(() => new Set());
  units.forEach((unit, i) => {
    for (const reader of unit.readers) reads[reader]!.add(i);
  });
  const calls = program.calls.map((call, i): CallModel => {
    const outputs = writesOf(call).map((name) => contents.definitions.get(name)!);
    // Where another branch has written before, the output's bytes are taken already.
    const taking = outputs.filter(({ writer }) => writer === call);
    const takeovers = overlaps
      ? [...reads[i]!].flatMap((unit) =>
          taking.map((output) => ({ unit, output, shared: allowances.sharedBytes(call, units[unit]!, output) })),
        )
      : [];
    return {
      call,
      before: [...before.get(call)!].map((other) => index.get(other)!),
      after: after[i]!,
      reads: [...reads[i]!],
      writes: outputs.flatMap((output) => unitsOf.get(output) ?? []),
      scratch: storage.scratch.get(call)?.bytes ?? 0,
      takeovers: takeovers.filter(({ shared }) => shared > 0),
    };
  });
  const inputs = units.filter(({ definition }) => definition.writer === 'input');
  const bytes = ({ bytes }: Unit) => bytes;
  return { units, calls, inputBytes: sumOf(inputs, bytes), readInputBytes: sumOf(inputs.filter(isUsed), bytes) };
}

interface PlacedUnit extends Unit {
  readonly definition: Definition;
  /** First byte in the definition. */
  readonly start: number;
}

/** Cuts every definition in the arena where its readers change. */
function unitsOfProgram(program: Program, contents: Contents, storage: Storage) {
  const index = new Map(program.calls.map((call, i) => [call, i]));
  const uses = new Map<Definition, { start: number; end: number; reader: number }[]>();
  const use = (name: string, reader: number): void => {
    for (const { definition, start, bytes } of contents.piecesOf(name)) {
      const list = uses.get(definition) ?? [];
      uses.set(definition, list);
      list.push({ start, end: start + bytes, reader });
    }
  };
  program.calls.forEach((call, i) => {
    const shared = writesOf(call).filter((name) => contents.definitions.get(name)!.alternatives.length > 0);
    for (const name of new Set([...readsOf(call), ...shared])) use(name, i);
  });
  for (const name of program.graph.outputs) use(name, -1);
  const units: PlacedUnit[] = [];
  const unitsOf = new Map<Definition, number[]>();
  for (const definition of contents.definitions.values()) {
    if (storage.values.get(definition.name)?.block?.region !== 'arena' || definition.bytes === 0) continue;
    const own = uses.get(definition) ?? [];
    const cuts = [...new Set([0, definition.bytes, ...own.flatMap(({ start, end }) => [start, end])])].sort(
      (a, b) => a - b,
    );
    const numbers: number[] = [];
    for (let i = 0; i + 1 < cuts.length; i += 1) {
      const [start, end] = [cuts[i]!, cuts[i + 1]!];
      const readers = new Set(own.filter((u) => u.start <= start && u.end >= end).map(({ reader }) => reader));
      numbers.push(units.length);
      units.push({
        definition,
        start,
        bytes: end - start,
        readers: [...readers].filter((reader) => reader >= 0),
        writers: writersOf(definition).map((writer) => index.get(writer)!),
        kept: readers.has(-1),
      });
    }
    unitsOf.set(definition, numbers);
  }
  return { units, unitsOf };
}

/** What a step needs: `during` bytes while it runs, `after` once what has died is gone. */
export interface StepBytes {
  readonly during: number;
  readonly after: number;
}

/**
 * @param live bytes alive before the call
 * @param done whether a call has run
 */
export function stepBytes(model: LiveModel, index: number, live: number, done: (call: number) => boolean): StepBytes {
  const call = model.calls[index]!;
  const isThere = (unit: number) => model.units[unit]!.writers.some((writer) => writer !== index && done(writer));
  const born = sumOf(call.writes, (unit) => (isThere(unit) ? 0 : model.units[unit]!.bytes));
  const dies = (unit: number): boolean => {
    const { kept, readers } = model.units[unit]!;
    return !kept && readers.every((reader) => reader === index || done(reader));
  };
  const dead = sumOf(call.reads, (unit) => (dies(unit) ? model.units[unit]!.bytes : 0));
  const unread = sumOf(call.writes, (unit) => (isUsed(model.units[unit]!) ? 0 : model.units[unit]!.bytes));
  const taken = call.takeovers.filter(({ unit }) => dies(unit));
  const saved = taken.length === 0 ? 0 : savedBytes(model, taken);
  return { during: live + born + call.scratch - saved, after: live + born - dead - unread };
}

/** Bytes that inputs and outputs of a call can have in common at most. */
function savedBytes(model: LiveModel, taken: readonly Takeover[]): number {
  const units = new Set(taken.map(({ unit }) => unit));
  const outputs = new Set(taken.map(({ output }) => output));
  return Math.min(
    sumOf(taken, ({ shared }) => shared),
    sumOf([...units], (unit) => model.units[unit]!.bytes),
    sumOf([...outputs], ({ bytes }) => bytes),
  );
}

function isUsed({ readers, kept }: Unit): boolean {
  return kept || readers.length > 0;
}

function sumOf<T>(list: readonly T[], value: (item: T) => number): number {
  let sum = 0;
  for (const item of list) sum += value(item);
  return sum;
}

/** The largest live set of an order, and its step; -1 is before the first call. */
export function peakOf(model: LiveModel, order: readonly number[]): { readonly bytes: number; readonly step: number } {
  const done = new Set<number>();
  let peak = { bytes: model.inputBytes, step: -1 };
  let live = model.readInputBytes;
  order.forEach((index, step) => {
    const { during, after } = stepBytes(model, index, live, (call) => done.has(call));
    if (during > peak.bytes) peak = { bytes: during, step };
    live = after;
    done.add(index);
  });
  return peak;
}
