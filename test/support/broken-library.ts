/** Copies of a vendor's library in which one function is wrong. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Library } from '../../compiler/vendor/library.js';
import { hashed } from '../../compiler/vendor/read-library.js';

/**
 * The function under another name, and in its place one that may change its arguments and what it has written.
 * @param before C statements; the arguments have their names in the library's source
 * @param after run with the result there
 */
export function withBrokenFunction(library: Library, name: string, { before = '', after = '' }): Library {
  let changed = 0;
  const files = library.files.map((file) => {
    const match = new RegExp(`^(arm_cmsis_nn_status|void) ${name}\\(([^)]*)\\)\\s*\\{`, 'm').exec(file.content);
    if (match === null || !file.path.endsWith('.c')) return file;
    changed += 1;
    const [, type, list] = match as unknown as [string, string, string];
    const names = list.split(',').map((each) => /(\w+)\s*$/.exec(each)![1]!);
    const call = `right_${name}(${names.join(', ')});`;
    const wrapper = [
      `#undef ${name}`,
      `${type} ${name}(${list})`,
      '{',
      before,
      type === 'void' ? `    ${call}` : `    const ${type} status = ${call}`,
      after,
      type === 'void' ? '' : '    return status;',
      '}',
      '',
    ];
    return { ...file, content: [`#define ${name} right_${name}`, file.content, ...wrapper].join('\n') };
  });
  if (changed !== 1) throw new Error(`${changed} sources define ${name}`);
  const { sha256: _, ...rest } = library;
  return hashed({ ...rest, files });
}

/** Writes a library that is one folder, as a user would have it. */
export function writeLibrary({ files }: Library, folder: string): void {
  for (const { path, content } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
