/** Where `run` and `verify` get their inputs from. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Compilation } from '../compilation.js';
import type { VectorSet } from '../verify/vector-set.js';
import { wholeNumber } from './options.js';
import type { Session } from './session.js';

/** Made-up vectors that are not random (verify/default-vectors.ts), and one to spare. */
const EXTREMES = 8;

export interface VectorFlags {
  readonly count?: number;
  readonly seed?: number;
}

export function declareVectors(command: Command): void {
  command
    .option('--count <n>', 'vectors to make up when no file is given', wholeNumber(1))
    .option('--seed <n>', 'seed of random vectors, and of the random sampler', wholeNumber(0));
}

export interface VectorRequest {
  /** Relative to the working directory. */
  readonly file: string | undefined;
  /** How many are made up without --count. */
  readonly count: number;
  /** Random ones only, without the extremes that verification begins with. */
  readonly random?: boolean;
}

/** Vectors of a file, or made-up ones. @throws CompileError NC0710 to NC0713 */
export async function vectorsFor(
  session: Session,
  { reference, streamed }: Compilation,
  flags: VectorFlags,
  request: VectorRequest,
): Promise<VectorSet> {
  const { defaultVectors, loadVectors } = await import('../verify/vectors.js');
  if (request.file !== undefined) return loadVectors(reference, resolve(session.terminal.cwd, request.file), streamed);
  const seed = flags.seed ?? 1;
  const count = flags.count ?? request.count;
  if (request.random !== true) return defaultVectors(reference, { seed, count });
  const { vectors, labels } = defaultVectors(reference, { seed, count: count + EXTREMES });
  return { vectors: vectors.slice(-count), labels: labels.slice(-count) };
}
