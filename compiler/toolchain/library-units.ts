/** A vendor's library in a build: its files in the folder, and one unit for each source that is linked. */
import type { EmittedFile } from '../compilation.js';
import type { LinkedLibrary } from '../vendor/library.js';

export interface LibraryUnit {
  /** Relative to the build's folder. */
  readonly source: string;
  /** Besides the target's own. */
  readonly flags: readonly string[];
  /** What its object depends on besides flags and compiler. */
  readonly key: readonly string[];
}

/** Folder of a library below the build's. */
function folderOf({ library }: LinkedLibrary): string {
  return `vendor/${library.name}`;
}

/** Headers, and the sources that are linked. */
export function libraryFiles(libraries: readonly LinkedLibrary[]): EmittedFile[] {
  return libraries.flatMap((linked) => {
    const headers = linked.library.files.filter(({ path }) => path.endsWith('.h'));
    return [...headers, ...linked.sources].map(({ path, content }) => ({
      path: `${folderOf(linked)}/${path}`,
      content,
    }));
  });
}

/** Flags with which our own sources see the libraries' headers, as those of the system: their warnings are not ours. */
export function libraryIncludes(libraries: readonly LinkedLibrary[]): string[] {
  return libraries.flatMap((linked) => [
    ...linked.library.defines.map((define) => `-D${define}`),
    ...linked.library.includeDirectories.flatMap((path) => ['-isystem', `${folderOf(linked)}/${path}`]),
  ]);
}

export function libraryUnits(libraries: readonly LinkedLibrary[]): LibraryUnit[] {
  return libraries.flatMap((linked) => {
    const { library, sources } = linked;
    const flags = [
      '-std=gnu11',
      '-w',
      '-ffp-contract=off',
      '-ffunction-sections',
      '-fdata-sections',
      ...library.defines.map((define) => `-D${define}`),
      ...library.includeDirectories.map((path) => `-I${folderOf(linked)}/${path}`),
    ];
    return sources.map(({ path }) => ({
      source: `${folderOf(linked)}/${path}`,
      flags,
      key: [library.name, library.sha256, path],
    }));
  });
}
