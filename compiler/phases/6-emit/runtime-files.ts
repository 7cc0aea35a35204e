/** The runtime files that a model needs: the sources of its kernels, and what they include. */
import type { EmittedFile } from '../../compilation.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { type EmitHost, readRequired } from './host.js';

const INCLUDE = /^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm;

/** What needs files of the runtime. */
export type Needed = Pick<KernelCall, 'header' | 'sources' | 'generated'>;

/** Text of a file below runtime-c, or of one that a kernel generator wrote, by its path below `runtime/`. */
type Reader = (path: string) => string | undefined;

/**
 * Kernels' sources and, transitively, the headers and other files that they include. A header `nanoc/<name>.h` brings its
 * companion `src/portable/nanoc_<name>.c`, where there is one: the functions that it declares and does not define.
 */
export function runtimeFiles(calls: readonly Needed[], host: EmitHost): EmittedFile[] {
  const generated = new Map(calls.flatMap((call) => call.generated ?? []).map(({ path, content }) => [path, content]));
  const read: Reader = (path) => generated.get(path) ?? host.read(`runtime-c/${path}`);
  const needed = calls.flatMap((call) => [`include/${call.header}`, ...call.sources.map((path) => `src/${path}`)]);
  const queue = ['include/nanoc/types.h', ...needed, ...generated.keys()];
  const files = new Map<string, string>();
  while (queue.length > 0) {
    const path = queue.shift()!;
    if (files.has(path)) continue;
    const text = read(path);
    if (text === undefined) throw new Error(`invariant: the package has no runtime-c/${path}`);
    files.set(path, text);
    for (const [, included] of text.matchAll(INCLUDE)) queue.push(resolve(path, included!, read));
    const companion = `src/portable/nanoc_${/^include\/nanoc\/(\w+)\.h$/.exec(path)?.[1]}.c`;
    if (read(companion) !== undefined) queue.push(companion);
  }
  return [...files]
    .map(([path, content]) => ({ path: `runtime/${path}`, content }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Path of an included file: in the includer's folder, else below include/, else below src/. */
function resolve(from: string, included: string, read: Reader): string {
  const beside = `${from.slice(0, from.lastIndexOf('/'))}/${included}`;
  const found = [beside, `include/${included}`, `src/${included}`].find((path) => read(path) !== undefined);
  if (found === undefined) throw new Error(`invariant: ${from} includes "${included}", which is not in runtime-c`);
  return found;
}

/** Version of the interface between generated code and kernels: NANOC_ABI of types.h. */
export function runtimeAbi(host: EmitHost): number {
  const match = /#define NANOC_ABI (\d+)/.exec(readRequired(host, 'runtime-c/include/nanoc/types.h'));
  if (match === null) throw new Error('invariant: types.h does not define NANOC_ABI');
  return Number(match[1]);
}
