import type { DisassembledFunction } from './disassembly.js';
import type { Elf } from './elf.js';

/** Greatest depth of calls from a function, or why there is no bound. */
export type StackBound = { readonly bytes: number } | { readonly notBounded: string };

/** How far one function takes the stack itself, and whom it calls. */
interface Frame {
  readonly bytes: number;
  readonly callees: readonly string[];
}

/** The frame of a function, or why it is not known. */
type FrameOf = (name: string, caller: string | undefined) => Frame | { readonly notBounded: string };

/**
 * Reads what GCC's `-fcallgraph-info=su` writes (the texts of all .ci files) and adds up the frames on the deepest path.
 * Functions without a frame size (assembly, libc) count as not bounded, as do recursion and indirect calls.
 */
export function stackBound(graphs: readonly string[], entry: string): StackBound {
  const frames = new Map<string, number>();
  const calls = new Map<string, Set<string>>();
  for (const text of graphs) {
    for (const match of text.matchAll(NODE)) frames.set(match[1]!, Number(match[3]));
    for (const match of text.matchAll(/edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/g)) {
      calls.set(match[1]!, (calls.get(match[1]!) ?? new Set()).add(match[2]!));
    }
  }
  return deepest(entry, (name, caller) => {
    const bytes = frames.get(name);
    if (bytes !== undefined) return { bytes, callees: [...(calls.get(name) ?? [])] };
    return { notBounded: name === '__indirect_call' ? `indirect call in ${caller}` : `${name} has no frame size` };
  });
}

/** Title (unique), name, and bytes of a function whose frame has a fixed size. */
const NODE = /node: \{ title: "([^"]+)" label: "([^"\\]*)\\n[^"]*?(\d+) bytes \((?:static|dynamic,bounded)\)/g;

/**
 * The bound for a linked program: who calls whom is read from its instructions; the compiler's frame sizes (.ci files) are taken
 * where there are some, the instructions' own sum elsewhere. Functions are told apart by address.
 */
export function linkedStackBound(
  graphs: readonly string[],
  functions: ReadonlyMap<number, DisassembledFunction>,
  elf: Elf,
  entry: string,
): StackBound {
  const frames = new Map<string, number>();
  for (const text of graphs) {
    // Static functions of one name in several files: the largest counts.
    for (const [, , name, bytes] of text.matchAll(NODE))
      frames.set(name!, Math.max(frames.get(name!) ?? 0, Number(bytes)));
  }
  const start = elf.symbols.find((symbol) => symbol.name === entry && symbol.bytes > 0);
  if (start === undefined) return { notBounded: `${entry} is not in the program` };
  return deepest(String((start.address & ~1) >>> 0), (key, caller) => {
    const found = functions.get(Number(key));
    if (found === undefined) return { notBounded: `no function at 0x${Number(key).toString(16)}, called by ${caller}` };
    const callees = [...found.calls].map(String);
    if (found.unknown !== undefined) return { notBounded: `${found.name}: ${found.unknown}` };
    return { bytes: frames.get(found.name) ?? found.bytes, callees };
  });
}

function deepest(entry: string, frameOf: FrameOf): StackBound {
  const known = new Map<string, StackBound>();
  const visit = (name: string, path: readonly string[]): StackBound => {
    const done = known.get(name);
    if (done !== undefined) return done;
    if (path.includes(name)) return { notBounded: `recursion through ${name}` };
    const frame = frameOf(name, path.at(-1));
    if ('notBounded' in frame) return frame;
    let below = 0;
    for (const callee of frame.callees) {
      const bound = visit(callee, [...path, name]);
      if ('notBounded' in bound) return bound;
      below = Math.max(below, bound.bytes);
    }
    const bound = { bytes: frame.bytes + below };
    known.set(name, bound);
    return bound;
  };
  return visit(entry, []);
}
