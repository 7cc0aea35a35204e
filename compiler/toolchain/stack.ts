/** Greatest depth of calls from a function, or why there is no bound. */
export type StackBound = { readonly bytes: number } | { readonly notBounded: string };

/**
 * Reads what GCC's `-fcallgraph-info=su` writes (the texts of all .ci files) and adds up the frames on the deepest path.
 * Functions without a frame size (assembly, libc) count as not bounded, as do recursion and indirect calls.
 */
export function stackBound(graphs: readonly string[], entry: string): StackBound {
  const frames = new Map<string, number>();
  const calls = new Map<string, Set<string>>();
  for (const text of graphs) {
    for (const match of text.matchAll(
      /node: \{ title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \((static|dynamic,bounded)\)/g,
    )) {
      frames.set(match[1]!, Number(match[2]));
    }
    for (const match of text.matchAll(/edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/g)) {
      calls.set(match[1]!, (calls.get(match[1]!) ?? new Set()).add(match[2]!));
    }
  }
  const known = new Map<string, StackBound>();
  const visit = (name: string, path: readonly string[]): StackBound => {
    const done = known.get(name);
    if (done !== undefined) return done;
    if (path.includes(name)) return { notBounded: `recursion through ${name}` };
    const frame = frames.get(name);
    if (frame === undefined)
      return {
        notBounded: name === '__indirect_call' ? `indirect call in ${path.at(-1)}` : `${name} has no frame size`,
      };
    let deepest = 0;
    for (const callee of calls.get(name) ?? []) {
      const below = visit(callee, [...path, name]);
      if ('notBounded' in below) return below;
      deepest = Math.max(deepest, below.bytes);
    }
    const bound = { bytes: frame + deepest };
    known.set(name, bound);
    return bound;
  };
  return visit(entry, []);
}
