/** nanoc.lock: hashes of everything that the output was made from and of what it is, so that two builds can be compared. */
import { z } from 'zod';
import type { Compilation, EmittedFile } from '../compilation.js';
import { streamText } from '../stream/options.js';
import { arithmeticOf } from './make-report.js';
import { librarySchema, profileSchema } from './schema.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const lockSchema = z.object({
  schemaVersion: z.literal(1),
  nanoc: z.object({ version: z.string(), runtimeAbi: z.number().int() }),
  model: z.object({ name: z.string(), file: z.string(), sha256 }),
  target: z.string(),
  options: z.object({
    dims: z.record(z.string(), z.number()),
    states: z.array(z.string()),
    embeddings: z.array(z.string()).optional(),
    stream: z.string().optional(),
    kvCache: z.string().optional(),
    kernels: z.string(),
    optimize: z.string().optional(),
    fastRam: z.number().int().optional(),
    guardBytes: z.number().int().optional(),
    /** Of the layers that `nanoc tune` measured for these options. */
    tune: sha256.optional(),
    /** Kernels that a proof found wrong for some layer. */
    excluded: z.array(z.object({ output: z.string(), kernel: z.string() })).optional(),
    sha256,
  }),
  numerics: profileSchema,
  /** Copies of vendors' libraries that the program links. */
  libraries: z.array(librarySchema).optional(),
  /** Every runtime file that is compiled in. */
  kernels: z.record(z.string(), sha256),
  /** Every other file of the folder but the reports, which a build fills with its measurements. */
  files: z.record(z.string(), sha256),
  /** First line of the compiler's --version; filled in by a build. */
  toolchain: z.object({ compiler: z.string(), version: z.string() }).optional(),
});

export type Lock = z.infer<typeof lockSchema>;

export interface LockHost {
  sha256(data: Uint8Array | string): string;
  readonly version: string;
}

/** @param files the output folder without nanoc.lock itself */
export function makeLock(
  compilation: Compilation,
  files: readonly EmittedFile[],
  runtimeAbi: number,
  host: LockHost,
): Lock {
  const { options, source, name, target } = compilation;
  const chosen = {
    dims: Object.fromEntries(Object.entries(options.dims ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))),
    states: [...(options.states ?? [])],
    ...(options.embeddings === undefined ? {} : { embeddings: [...options.embeddings] }),
    ...(options.stream === undefined ? {} : { stream: streamText(options.stream) }),
    ...(options.kvCache === undefined ? {} : { kvCache: options.kvCache }),
    kernels: options.kernels ?? 'auto',
    ...(options.optimize === undefined ? {} : { optimize: options.optimize }),
    ...(options.fastRam === undefined ? {} : { fastRam: options.fastRam }),
    ...(options.guardBytes === undefined ? {} : { guardBytes: options.guardBytes }),
    ...(options.tune === undefined ? {} : { tune: host.sha256(JSON.stringify(options.tune)) }),
    ...(options.excluded === undefined
      ? {}
      : { excluded: options.excluded.map(({ output, kernel }) => ({ output, kernel })) }),
  };
  const hashed = files.filter(({ path }) => !/^report\.(json|html)$/.test(path));
  const hashes = (runtime: boolean): Record<string, string> =>
    Object.fromEntries(
      hashed
        .filter(({ path }) => /^(components\/\w+\/)?runtime\//.test(path) === runtime)
        .map(({ path, content }): [string, string] => [path, host.sha256(content)])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return {
    schemaVersion: 1,
    nanoc: { version: host.version, runtimeAbi },
    model: { name, file: source.fileName, sha256: host.sha256(source.bytes) },
    target: target.name,
    options: { ...chosen, sha256: host.sha256(JSON.stringify(chosen)) },
    ...arithmeticOf(compilation),
    kernels: hashes(true),
    files: hashes(false),
  };
}

/** Adds what compiled the C. */
export function withToolchain(lock: Lock, compiler: string, version: string): Lock {
  return { ...lock, toolchain: { compiler, version } };
}
