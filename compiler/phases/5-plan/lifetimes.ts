/** Who is alive when: spans of bytes of a block over steps of an order. */
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import { type Contents, type Definition, readsOf, writesOf } from './contents.js';
import { overwritesOf } from './dependencies.js';
import type { Block, Storage } from './storage.js';

/** Bytes [offset, offset + bytes) of a block that must be kept from step `from` to step `to`, both included. */
export interface Span {
  readonly block: Block;
  readonly offset: number;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  /** Undefined for scratch. */
  readonly definition: Definition | undefined;
  readonly name: string;
}

interface Life {
  readonly definition: Definition;
  readonly from: number;
  /** Byte positions at which the last use changes, ascending, and the last use of the bytes from there on. */
  cuts: number[];
  last: number[];
}

/**
 * The spans of all definitions and scratches for an order of the calls.
 * Inputs are alive from step -1, graph outputs until step calls.length, states always.
 */
export function spansOf(program: Program, order: readonly KernelCall[], contents: Contents, storage: Storage): Span[] {
  const lives = livesOf(program, order, contents);
  const spans: Span[] = [];
  for (const { definition, from, cuts, last } of lives.values()) {
    const { block, offset } = storage.values.get(definition.name)!;
    if (block === undefined) continue;
    cuts.forEach((start, i) => {
      const end = cuts[i + 1] ?? definition.bytes;
      if (end > start) {
        spans.push({
          block,
          offset: offset + start,
          bytes: end - start,
          from,
          to: last[i]!,
          definition,
          name: definition.name,
        });
      }
    });
  }
  order.forEach((call, step) => {
    const block = storage.scratch.get(call);
    if (block !== undefined) {
      spans.push({
        block,
        offset: 0,
        bytes: block.bytes,
        from: step,
        to: step,
        definition: undefined,
        name: block.name,
      });
    }
  });
  return spans;
}

function livesOf(program: Program, order: readonly KernelCall[], contents: Contents): Map<Definition, Life> {
  const lives = new Map<Definition, Life>();
  const begin = (definition: Definition, from: number) =>
    lives.set(definition, { definition, from, cuts: [0], last: [from] });
  const end = order.length;
  for (const definition of contents.definitions.values()) {
    if (definition.writer === 'input' || definition.writer === 'state') begin(definition, -1);
  }
  const use = (name: string, step: number): void => {
    for (const { definition, start, bytes } of contents.piecesOf(name)) {
      const life = lives.get(definition);
      if (life !== undefined) extend(life, start, start + bytes, step);
    }
  };
  order.forEach((call, step) => {
    for (const name of readsOf(call)) use(name, step);
    for (const name of writesOf(call)) {
      // What the branch before has written is kept while the other branches would run.
      if (lives.has(contents.definitions.get(name)!)) use(name, step);
      else begin(contents.definitions.get(name)!, step);
    }
  });
  for (const name of program.graph.outputs) use(name, end);
  // A state that is not overwritten, and whatever is written over one, is there at the next start.
  const overwrites = overwritesOf(program, contents);
  for (const state of program.graph.states) {
    const definition = contents.definitions.get(state.input)!;
    use((overwrites.get(definition) ?? definition).name, end);
  }
  return lives;
}

/** The bytes [start, end) are used at this step. */
function extend(life: Life, start: number, end: number, step: number): void {
  if (life.cuts.length === 1 && start === 0 && end === life.definition.bytes) {
    life.last[0] = Math.max(life.last[0]!, step);
    return;
  }
  cutAt(life, start);
  cutAt(life, end);
  life.cuts.forEach((cut, i) => {
    if (cut >= start && cut < end) life.last[i] = Math.max(life.last[i]!, step);
  });
}

function cutAt(life: Life, position: number): void {
  if (position >= life.definition.bytes || life.cuts.includes(position)) return;
  const index = life.cuts.filter((cut) => cut < position).length;
  life.cuts.splice(index, 0, position);
  life.last.splice(index, 0, life.last[index - 1]!);
}
