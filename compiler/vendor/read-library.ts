/** Reading a library's files from a folder of the user. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Library, LibraryFile } from './library.js';

/**
 * Files below `folder/below` whose path `wanted` takes, sorted by path.
 * @param below with forward slashes; paths of the result start with it
 */
export function readFiles(folder: string, below: string, wanted: (path: string) => boolean): LibraryFile[] {
  return readdirSync(join(folder, below), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter(wanted)
    .sort()
    .map((path) => ({ path, content: readFileSync(join(folder, path), 'utf8') }));
}

/** The library with the hash of its files and macros. */
export function hashed(library: Omit<Library, 'sha256'>): Library {
  const hash = createHash('sha256');
  for (const text of [...library.defines, ...library.files.flatMap(({ path, content }) => [path, content])]) {
    hash.update(`${Buffer.byteLength(text)}:`).update(text);
  }
  return { ...library, sha256: hash.digest('hex') };
}
