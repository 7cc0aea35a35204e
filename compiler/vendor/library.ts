/**
 * A vendor's kernel library as plain data: the user's own copy, read by `read-library.ts` and handed to `compile()` in
 * `CompileOptions.libraries`. nanoc carries no vendor source, copies none into what it emits, and compiles the copy only to
 * link, measure and verify. docs/VENDOR-KERNELS.md.
 */
import type { RoundingLaw } from '../numerics/law.js';

export type LibraryName = 'cmsis-nn' | 'esp-nn';

export interface LibraryFile {
  /** Relative to the copy, with forward slashes. */
  readonly path: string;
  readonly content: string;
}

export interface Library {
  readonly name: LibraryName;
  /** As the library's own files say: `7.0.0`, or its revision where that belongs to no release. */
  readonly version: string;
  /** Of all files, with their paths, and of `defines`. */
  readonly sha256: string;
  /** How its kernels round, with `defines`. */
  readonly law: RoundingLaw;
  /** Macros that it is compiled with, e.g. `CMSIS_NN_USE_SINGLE_ROUNDING`. */
  readonly defines: readonly string[];
  /** Sources and headers. */
  readonly files: readonly LibraryFile[];
  /** Folders of headers, relative to the copy. */
  readonly includeDirectories: readonly string[];
  /** Sources for the vectors of chips, assembly included, which only the chip's own compiler takes: no part of `files`. */
  readonly ofChips?: readonly LibraryFile[];
  /** Whether all sources are compiled: in a library of a chip macros and assembly choose the functions, and the linker drops the rest. */
  readonly isWhole?: boolean;
}

/** What of a library a program links. */
export interface LinkedLibrary {
  readonly library: Library;
  /** C sources that hold the functions which are called, and all that those refer to. */
  readonly sources: readonly LibraryFile[];
}

const definitions = new WeakMap<Library, ReadonlyMap<string, LibraryFile>>();

/** The functions and tables that a library's C sources define, with the source of each. Static ones are left out. */
export function definitionsOf(library: Library): ReadonlyMap<string, LibraryFile> {
  const known = definitions.get(library);
  if (known !== undefined) return known;
  const found = new Map<string, LibraryFile>();
  for (const file of library.files) {
    if (!file.path.endsWith('.c')) continue;
    for (const name of definedIn(file.content)) if (!found.has(name)) found.set(name, file);
  }
  definitions.set(library, found);
  return found;
}

/** With up to two pairs of parentheses inside its own. */
const ATTRIBUTE = /__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)/g;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
/** From the start of a line to the brace of its body. */
const FUNCTION = /^(?!static\b|__STATIC|typedef\b)[A-Za-z_][\w \t*\n]*?\b(\w+)[ \t]*\(([^;{}]*)\)\s*\{/gm;
const TABLE = /^(?!static\b|extern\b)[A-Za-z_][\w \t*]*?\b(\w+)[ \t]*\[[^\]]*\][^;={]*=/gm;

function definedIn(source: string): string[] {
  const code = source
    .replace(COMMENT, ' ')
    .replace(ATTRIBUTE, 'unused')
    .replace(/^[ \t]*#(?:\\\n|[^\n])*/gm, '');
  return [FUNCTION, TABLE].flatMap((pattern) => [...code.matchAll(pattern)].map(([, name]) => name!));
}

/**
 * The sources of these functions and of everything that they refer to, by path. What headers refer to counts only where a source
 * uses it too.
 */
export function sourcesOf(library: Library, functions: readonly string[]): LibraryFile[] {
  if (library.isWhole === true) return library.files.filter(({ path }) => /\.[cS]$/.test(path));
  const defined = definitionsOf(library);
  const sources = new Set<LibraryFile>();
  const queue = [...functions];
  while (queue.length > 0) {
    const file = defined.get(queue.pop()!);
    if (file === undefined || sources.has(file)) continue;
    sources.add(file);
    const words = new Set(file.content.replace(COMMENT, ' ').match(/\b[A-Za-z_]\w+\b/g));
    for (const word of words) if (defined.has(word)) queue.push(word);
  }
  return [...sources].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Those of these functions that the copy does not define. */
export function missingFrom(library: Library, functions: readonly string[]): string[] {
  const defined = definitionsOf(library);
  return functions.filter((name) => !defined.has(name));
}
