/** `<model>.tune.json`: what `nanoc tune` measured, for each target and choice of options; later builds read it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { CompileOptions } from '../compilation.js';
import { fail } from '../diagnostics/diagnostic.js';
import type { TunedLayer } from './tuned-layer.js';

const count = z.int().nonnegative();

const runSchema = z.strictObject({
  target: z.string(),
  /** `--kernels` and `--optimize` that the measurement allowed. */
  kernels: z.string(),
  optimize: z.string(),
  /** What compiled and counted. */
  tools: z.string(),
  layers: z.array(
    z.strictObject({
      output: z.string(),
      kernel: z.string(),
      candidates: z.array(z.strictObject({ kernel: z.string(), instructions: count })).min(1),
    }),
  ),
});

export const tuneTableSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Of the model's file: a table of another model chooses nothing. */
  modelSha256: z.string().regex(/^[0-9a-f]{64}$/),
  runs: z.array(runSchema),
});

export type TuneTable = z.infer<typeof tuneTableSchema>;
export type TuneRun = z.infer<typeof runSchema>;
type RunKey = Pick<CompileOptions, 'target' | 'kernels' | 'optimize'>;

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Undefined when there is no such file. @throws CompileError NC0807 when it is no table */
export function readTuneTable(path: string): TuneTable | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return tuneTableSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const because =
      error instanceof z.ZodError
        ? error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`).join('\n')
        : (error as Error).message;
    return fail({ code: 'NC0807', message: `${path} is no table of nanoc tune`, because });
  }
}

/** The layers that were measured with these options. */
export function layersFor({ runs }: TuneTable, options: RunKey): readonly TunedLayer[] {
  return runs.find((run) => sameKey(run, keyOf(options)))?.layers ?? [];
}

/** The table with one run replaced or added; runs of another model are dropped. Sorted, so that the order of the runs is no difference. */
export function withRun(table: TuneTable | undefined, modelSha256: string, run: TuneRun): TuneTable {
  const kept = table?.modelSha256 === modelSha256 ? table.runs.filter((other) => !sameKey(other, run)) : [];
  const text = ({ target, kernels, optimize }: TuneRun) => `${target} ${kernels} ${optimize}`;
  return {
    schemaVersion: 1,
    modelSha256,
    runs: [...kept, run].sort((a, b) => (text(a) < text(b) ? -1 : 1)),
  };
}

/** Options with their defaults. */
export function keyOf({ target, kernels = 'auto', optimize = 'balanced' }: RunKey) {
  return { target, kernels, optimize };
}

function sameKey(a: Pick<TuneRun, 'target' | 'kernels' | 'optimize'>, b: typeof a): boolean {
  return a.target === b.target && a.kernels === b.kernels && a.optimize === b.optimize;
}
