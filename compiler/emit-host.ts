/** What 6-emit gets from this package: its own files, hashes, the version. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { EmitHost } from './phases/6-emit/host.js';
import { packageRoot } from './toolchain/package-root.js';

export function emitHost(): EmitHost {
  const root = packageRoot();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined),
    sha256: (data) => createHash('sha256').update(data).digest('hex'),
    // `require` compiles its nine megabytes once; `import` would parse them a second time, to find the names of the exports.
    loadTsMorph: async () => createRequire(import.meta.url)('ts-morph') as typeof import('ts-morph'),
    version,
  };
}
