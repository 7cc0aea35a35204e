/**
 * Results of earlier runs, so that a run that was broken off goes on where it stopped. A result is found again only when the
 * model, its options, every source file of nanoc and the tools are the same, byte for byte.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../compiler/toolchain/package-root.js';
import type { BenchModel } from './models.js';
import { type Result, resultSchema } from './results.js';

const sourceFolders = ['compiler', 'runtime-c', 'targets', 'templates', 'bench'];

/** Hash of everything of the package that a result depends on. */
export function sourcesHash(root = packageRoot()): string {
  const hash = createHash('sha256');
  for (const folder of sourceFolders.filter((each) => existsSync(join(root, each)))) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8', withFileTypes: false }).sort();
    for (const file of files.filter((each) => /\.(ts|c|h|hbs|ld|S)$/.test(each) && !each.endsWith('.test.ts'))) {
      hash.update(`${folder}/${file}\0`).update(readFileSync(join(root, folder, file)));
    }
  }
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

export interface CacheKey {
  readonly model: BenchModel;
  readonly target: string;
  readonly kernels: string;
  readonly optimize: string;
  /** `sourcesHash()`. */
  readonly sources: string;
  /** What compiler and simulator say of their versions. */
  readonly tools: string;
}

export class Cache {
  constructor(private readonly folder = join(packageRoot(), 'build/bench')) {}

  find(key: CacheKey): Result | undefined {
    const path = this.#path(key);
    if (!existsSync(path)) return undefined;
    return resultSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  }

  store(key: CacheKey, result: Result): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.#path(key), JSON.stringify(result));
  }

  #path({ model, ...rest }: CacheKey): string {
    const { path, ...options } = model;
    const hash = createHash('sha256').update(readFileSync(path));
    return join(this.folder, `${hash.update(JSON.stringify({ options, ...rest })).digest('hex')}.json`);
  }
}
