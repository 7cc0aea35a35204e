/** Files and README parts that are generated: compared, or written anew with UPDATE_GOLDEN=1. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { EmittedFile } from '../../compiler/compilation.js';

export const UPDATE = process.env.UPDATE_GOLDEN === '1';
export const HOW_TO_UPDATE = 'UPDATE_GOLDEN=1 npx vitest run test/examples rewrites it; look at the difference';

/** All files below a folder, sorted by their paths. */
export function readFolder(folder: string): EmittedFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(folder, path).split(sep).join('/'), content: readFileSync(path, 'utf8') }))
    .sort(byPath);
}

/** The files as a folder would hold them. */
export function sorted(files: readonly EmittedFile[]): EmittedFile[] {
  return [...files].sort(byPath);
}

function byPath(a: EmittedFile, b: EmittedFile): number {
  return a.path < b.path ? -1 : 1;
}

/** Makes the folder hold exactly these files. */
export function writeFolder(folder: string, files: readonly EmittedFile[]): void {
  rmSync(folder, { recursive: true, force: true });
  for (const { path, content } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Text between `<!-- name -->` and `<!-- end of name -->` of a Markdown file. @throws Error when there is no such part */
export function readPart(path: string, name: string): string {
  const text = readFileSync(path, 'utf8');
  const [from, to] = partOf(text, path, name);
  return text.slice(from, to);
}

export function writePart(path: string, name: string, content: string): void {
  const text = readFileSync(path, 'utf8');
  const [from, to] = partOf(text, path, name);
  writeFileSync(path, text.slice(0, from) + content + text.slice(to));
}

function partOf(text: string, path: string, name: string): [number, number] {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no part "${name}"`);
  return [from + start.length, to];
}
