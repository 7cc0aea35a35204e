import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let found: string | undefined;

/**
 * Folder that holds package.json, templates/, targets/ and runtime-c/, as an absolute path. The same whether this file
 * runs from source (compiler/toolchain) or compiled (dist/compiler/toolchain, also inside node_modules).
 */
export function packageRoot(): string {
  if (found !== undefined) return found;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!(existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'runtime-c')))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('invariant: no package.json beside runtime-c above nanoc');
    folder = parent;
  }
  found = folder;
  return folder;
}
