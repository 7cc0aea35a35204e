/**
 * Calls that were found wrong on this computer, in the user's cache: a file for each, `<kernel>/<key>.json`, so that a build that makes the
 * very same call takes another kernel without proving anything. Whoever deletes it loses that knowledge only.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Compilation } from '../../compilation.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { cacheFolder } from '../../toolchain/kit.js';
import type { CallFault } from './fault.js';
import type { CallVerdict } from './prove.js';

const recordSchema = z.object({
  schemaVersion: z.literal(1),
  node: z.string(),
  op: z.string(),
  target: z.string(),
  library: z.object({ name: z.string(), version: z.string(), sha256: z.string() }).optional(),
  fault: z.looseObject({ kind: z.string(), vector: z.string(), message: z.string() }),
  instructions: z.int().nonnegative().optional(),
});

type FaultRecord = z.infer<typeof recordSchema>;
type Wrong = CallVerdict & { readonly verdict: 'wrong' };

export class FaultStore {
  constructor(private readonly folder = cacheFolder('faults')) {}

  /** Whether any call of a kernel was found wrong: only then its key is worth computing. */
  has(kernel: string): boolean {
    return existsSync(join(this.folder, kernel));
  }

  /** @param key `Item.key`; a file that cannot be read counts as none */
  find(kernel: string, key: string): Wrong | undefined {
    try {
      const { fault, instructions } = recordSchema.parse(JSON.parse(readFileSync(this.path(kernel, key), 'utf8')));
      return {
        verdict: 'wrong',
        fault: fault as unknown as CallFault,
        ...(instructions === undefined ? {} : { instructions }),
      };
    } catch {
      return undefined;
    }
  }

  /** Keeps a wrong call, forgets one that is proven; a cache that cannot be written to is no error. */
  keep({ target, options }: Compilation, call: KernelCall, key: string, verdict: CallVerdict): void {
    const path = this.path(call.function, key);
    try {
      if (verdict.verdict === 'wrong') write(path, recordOf(target.name, options.libraries, call, verdict));
      else if (verdict.verdict === 'proven' && this.has(call.function)) rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  private path(kernel: string, key: string): string {
    return join(this.folder, kernel, `${key}.json`);
  }
}

function recordOf(
  target: string,
  libraries: Compilation['options']['libraries'],
  { node, vendor }: KernelCall,
  { fault, instructions }: Wrong,
): FaultRecord {
  const library = libraries?.find(({ name }) => name === vendor?.library);
  return {
    schemaVersion: 1,
    ...{ node: node.name, op: node.op, target },
    ...(library === undefined
      ? {}
      : { library: { name: library.name, version: library.version, sha256: library.sha256 } }),
    fault: { ...fault },
    ...(instructions === undefined ? {} : { instructions }),
  };
}

/** Under its name only when it is whole. */
function write(path: string, record: FaultRecord): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(record, undefined, 2)}\n`);
  renameSync(temporary, path);
}
