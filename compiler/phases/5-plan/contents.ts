/** Which bytes a value holds: every value is made of pieces of definitions, that is, of values that something writes. */
import { valueOf } from '../../ir/graph.js';
import { areExclusive, commonGuards, type Guard } from '../../ir/guards.js';
import type { KernelCall, Program, View } from '../../ir/kernel-call.js';
import { byteLength } from '../../ir/tensor.js';

/** A value whose bytes are written at one moment: by a call, by the caller before the first step, or by the step before (state). */
export interface Definition {
  readonly name: string;
  readonly bytes: number;
  readonly writer: KernelCall | 'input' | 'state' | 'constant';
  /** Calls that write it instead, in branches that exclude each other: the result of a Merge. In the order of the calls. */
  readonly alternatives: readonly KernelCall[];
}

/** The calls that write a definition. */
export function writersOf({ writer, alternatives }: Definition): readonly KernelCall[] {
  return typeof writer === 'string' ? [] : [writer, ...alternatives];
}

/** Under which guards the bytes of a value are there at least. */
export function guardsOfValue(contents: Contents, name: string): readonly Guard[] {
  const writers = contents.piecesOf(name).flatMap(({ definition }) => writersOf(definition));
  const lists = writers.map(({ guards = [] }) => guards);
  const always = contents.piecesOf(name).some(({ definition }) => typeof definition.writer === 'string');
  return always || lists.length === 0 ? [] : lists.reduce(commonGuards);
}

/** `bytes` of a value, from byte `at` on, are those of its definition from byte `start` on. */
export interface Piece {
  readonly definition: Definition;
  readonly start: number;
  readonly at: number;
  readonly bytes: number;
}

export type ViewKind =
  /** The value is a window of a base that was there before (Reshape, Slice, Split). */
  | 'window'
  /** The base is made of its windows (Concat). */
  | 'part'
  /** The value is written over the memory of a state. */
  | 'overwrite';

export interface Contents {
  /** In the order: graph inputs, then what the calls write. */
  readonly definitions: ReadonlyMap<string, Definition>;
  kindOf(view: View): ViewKind;
  /** The pieces of a value in ascending order, without gaps. */
  piecesOf(name: string): readonly Piece[];
}

/** Values that a call reads and writes, constants included; a value that is read twice is listed twice. What its guards read comes last. */
export function readsOf(call: KernelCall): string[] {
  const read = call.arguments.flatMap((a) => (a.kind === 'value' && a.access === 'read' ? [a.value] : []));
  return [...read, ...(call.guards ?? []).map(({ selector }) => selector)];
}

export function writesOf(call: KernelCall): string[] {
  return call.arguments.flatMap((a) => (a.kind === 'value' && a.access === 'write' ? [a.value] : []));
}

export function contentsOf(program: Program): Contents {
  const { graph } = program;
  const definitions = findDefinitions(program);
  const kindOf = (view: View): ViewKind => {
    if (view.node.outputs.includes(view.base)) return 'part';
    return definitions.has(view.value) ? 'overwrite' : 'window';
  };
  const windows = new Map<string, View>();
  const parts = new Map<string, View[]>();
  for (const view of program.views) {
    const kind = kindOf(view);
    if (kind === 'window') windows.set(view.value, view);
    if (kind === 'part') parts.set(view.base, [...(parts.get(view.base) ?? []), view]);
  }
  const known = new Map<string, readonly Piece[]>();
  const piecesOf = (name: string): readonly Piece[] => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const pieces = find(name);
    known.set(name, pieces);
    return pieces;
  };
  const find = (name: string): readonly Piece[] => {
    const bytes = byteLength(valueOf(graph, name));
    const definition = definitions.get(name);
    if (definition !== undefined) return bytes === 0 ? [] : [{ definition, start: 0, at: 0, bytes }];
    const window = windows.get(name);
    if (window !== undefined) return cut(piecesOf(window.base), window.byteOffset, bytes);
    const joined = (parts.get(name) ?? [])
      .flatMap((view) => piecesOf(view.value).map((piece) => ({ ...piece, at: piece.at + view.byteOffset })))
      .sort((a, b) => a.at - b.at);
    let end = 0;
    for (const piece of joined) {
      if (piece.at !== end)
        throw new Error(`invariant: byte ${Math.min(piece.at, end)} of "${name}" is not written exactly once`);
      end += piece.bytes;
    }
    if (end !== bytes) throw new Error(`invariant: "${name}" has ${bytes} bytes, ${end} of them are written`);
    return joined;
  };
  return { definitions, kindOf, piecesOf };
}

function findDefinitions(program: Program): Map<string, Definition> {
  const { graph } = program;
  const definitions = new Map<string, Definition>();
  const add = (name: string, writer: Definition['writer']): void => {
    const known = definitions.get(name);
    if (known === undefined) {
      definitions.set(name, { name, bytes: byteLength(valueOf(graph, name)), writer, alternatives: [] });
      return;
    }
    const isAlternative =
      typeof writer !== 'string' &&
      typeof known.writer !== 'string' &&
      writersOf(known).every(({ guards = [] }) => areExclusive(guards, writer.guards ?? []));
    if (!isAlternative) throw new Error(`invariant: "${name}" is written twice`);
    definitions.set(name, { ...known, alternatives: [...known.alternatives, writer] });
  };
  const states = new Set(graph.states.map((state) => state.input));
  for (const [name, value] of graph.values) if (value.constant !== undefined) add(name, 'constant');
  for (const name of graph.inputs) if (!definitions.has(name)) add(name, states.has(name) ? 'state' : 'input');
  for (const call of program.calls) for (const name of writesOf(call)) add(name, call);
  return definitions;
}

/** The pieces that fall into [offset, offset + bytes), counted from there. */
export function cut(pieces: readonly Piece[], offset: number, bytes: number): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const from = Math.max(piece.at, offset);
    const to = Math.min(piece.at + piece.bytes, offset + bytes);
    if (from < to)
      result.push({
        definition: piece.definition,
        start: piece.start + from - piece.at,
        at: from - offset,
        bytes: to - from,
      });
  }
  return result;
}
