/** bench/results.json: what was measured, one row for each model, target and choice of kernels. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export const resultsPath = fileURLToPath(new URL('results.json', import.meta.url));

const bytes = z.int().nonnegative();

/** All sizes are bytes. Instructions are those of one inference, counted by QEMU. */
export const resultSchema = z.strictObject({
  /** Path below the folder of models without `.onnx`, e.g. `mlperf-tiny/kws_dscnn_int8`. */
  model: z.string(),
  target: z.string(),
  kernels: z.enum(['auto', 'native', 'cmsis-nn', 'esp-nn', 'portable']),
  optimize: z.enum(['size', 'speed', 'balanced']),
  /** Every layer on the device was the reference's, byte for byte, in the run that measured this row. */
  exact: z.boolean(),
  instructions: z.int().nonnegative(),
  /** All static RAM of the model: arena (inputs and outputs are in it), state, context. */
  ram: bytes,
  arena: bytes,
  /** No plan of this order of layers can be smaller. */
  lowerBound: bytes,
  /** Text, read-only data and initialised data that the model adds to an empty program. */
  flash: bytes,
  /** Flash without the model's constants. */
  code: bytes,
  constants: bytes,
  /** Upper bound from the call graph. */
  stack: bytes,
  macs: z.int().nonnegative(),
});
export type Result = z.infer<typeof resultSchema>;

const resultsSchema = z.array(resultSchema);

/** Figures where less is better, in the order of the reports. */
export const figures = ['instructions', 'ram', 'arena', 'flash', 'code', 'stack'] as const;
export type Figure = (typeof figures)[number];

export type ResultKey = Pick<Result, 'model' | 'target' | 'kernels' | 'optimize'>;

export function keyOf({ model, target, kernels, optimize }: ResultKey): string {
  return [model, target, kernels, optimize].join(' | ');
}

/** Empty when there is no file yet. @throws ZodError when the file does not fit the schema */
export function readResults(path = resultsPath): readonly Result[] {
  return existsSync(path) ? resultsSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) : [];
}

/** Sorted by key, so that a run in another order writes the same bytes. */
export function writeResults(results: readonly Result[], path = resultsPath): void {
  writeFileSync(path, `${JSON.stringify(resultsSchema.parse(sorted(results)), null, 2)}\n`);
}

/** The committed rows with those of this run in their place, sorted by key. */
export function merge(committed: readonly Result[], fresh: readonly Result[]): readonly Result[] {
  return sorted([...new Map([...committed, ...fresh].map((result) => [keyOf(result), result])).values()]);
}

function sorted(results: readonly Result[]): readonly Result[] {
  return [...results].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
