/**
 * Measures every kernel that fits a layer, in the simulator. Layers do not influence each other's instructions, so one program
 * measures one candidate of every layer: there are as many programs as the layer with the most candidates has.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Compilation, CompileOptions, ModelSource } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { compile } from '../index.js';
import { bytesOf } from '../ir/tensor.js';
import { candidatesOf } from '../phases/4-lower/index.js';
import { modelSources } from '../simulate/program.js';
import { runModel } from '../simulate/session.js';
import { simulatorFor } from '../simulate/simulator.js';
import { compilerVersion } from '../toolchain/build.js';
import { defaultVectors } from '../verify/default-vectors.js';
import { keyOf, sha256, type TuneRun } from './tune-table.js';
import type { TunedLayer } from './tuned-layer.js';

export interface TuneOptions {
  /** Results of programs that were measured before, by their content; created when it is missing. */
  readonly cacheFolder: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

export interface Tuned {
  readonly run: TuneRun;
  /** Programs that had to be run; the others were in the cache. */
  readonly measured: number;
  readonly programs: number;
}

const measurementSchema = z.strictObject({
  /** Instructions by the layer's first output. */
  layers: z.record(z.string(), z.int().nonnegative()),
  /** Of all outputs of all vectors. */
  outputs: z.string(),
});
type Measurement = z.infer<typeof measurementSchema>;

const VECTORS = 2;

/** A kernel further down the list must be faster by this share: less is the grain of the simulator's counter. */
const NOTABLE = 0.005;

/**
 * @throws CompileError NC0808 when the target has no simulator that counts, or two kernels of a layer give different outputs;
 * and whatever compile() and runModel() throw
 */
export async function tuneModel(source: ModelSource, options: CompileOptions, tune: TuneOptions): Promise<Tuned> {
  const { tune: _, ...untuned } = options;
  const base = await compile(source, untuned);
  if (!simulatorFor(base.target).canCount) {
    fail({ code: 'NC0808', message: `${base.target.name} cannot be tuned`, because: 'its runs count no instructions' });
  }
  const tools = await compilerVersion(base.target);
  const called = new Set(base.program.calls.map(({ node }) => node.outputs[0]!));
  const candidates = new Map(
    [...candidatesOf(base.graph, base.target, untuned)].filter(
      ([output, { length }]) => called.has(output) && length > 1,
    ),
  );
  const programs = Math.max(0, ...[...candidates.values()].map(({ length }) => length));
  let [done, measured] = [0, 0];
  const progress = () => tune.onProgress?.(`tuning for ${base.target.name}: ${done} of ${programs} programs`);
  progress();
  const results = await inParallel(programs, async (index) => {
    const forced = await compile(source, { ...untuned, tune: forcedChoice(candidates, index) });
    const { measurement, cached } = await measurementOf(forced, tools, tune);
    if (!cached) measured += 1;
    done += 1;
    progress();
    return measurement;
  });
  checkOutputs(results, base);
  const layers = [...candidates].map(([output, kernels]) => best(output, kernels, results));
  return { run: { ...keyOf(options), tools, layers }, measured, programs };
}

/** Candidate `index` of each layer; the first where there are fewer. */
function forcedChoice(candidates: ReadonlyMap<string, readonly string[]>, index: number): readonly TunedLayer[] {
  return [...candidates].map(([output, kernels]) => ({
    output,
    kernel: kernels[index] ?? kernels[0]!,
    candidates: [],
  }));
}

/** As many at a time as there are cores; the compiler and the simulator are processes of their own. */
async function inParallel<T>(count: number, action: (index: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await action(index);
  };
  await Promise.all(Array.from({ length: Math.min(count, availableParallelism()) }, worker));
  return results;
}

/** From the cache, or measured now. The key is all that is compiled and run, so a change of a kernel is never overlooked. */
async function measurementOf(
  compilation: Compilation,
  tools: string,
  { cacheFolder, signal }: TuneOptions,
): Promise<{ measurement: Measurement; cached: boolean }> {
  const files = await modelSources(compilation, undefined);
  const text = JSON.stringify([compilation.target, tools, VECTORS, files.map(({ path, content }) => [path, content])]);
  const path = join(cacheFolder, `${sha256(text)}.json`);
  const known = existsSync(path) ? measurementSchema.safeParse(parsed(path)).data : undefined;
  if (known !== undefined) return { measurement: known, cached: true };
  const measurement = await measure(compilation, signal);
  mkdirSync(cacheFolder, { recursive: true });
  // Renamed, so that a run that is broken off leaves no half of a file.
  writeFileSync(`${path}.part`, JSON.stringify(measurement));
  renameSync(`${path}.part`, path);
  return { measurement, cached: false };
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

async function measure(compilation: Compilation, signal: AbortSignal | undefined): Promise<Measurement> {
  const { vectors } = defaultVectors(compilation.reference, { count: VECTORS });
  const run = await runModel(compilation, vectors, { mode: 'profile', ...(signal === undefined ? {} : { signal }) });
  const layers = compilation.plan.calls.map(({ node }, step): [string, number] => [
    node.outputs[0]!,
    run.layers?.[step]?.instructions ?? 0,
  ]);
  const outputs = run.steps.flatMap((step) =>
    [...step.outputs].map(([name, tensor]) => `${name} ${sha256(bytesOf(tensor.data))}`),
  );
  return { layers: Object.fromEntries(layers), outputs: sha256(outputs.join('\n')) };
}

/** Every kernel gives the same bytes, or one of them has a defect. */
function checkOutputs(results: readonly Measurement[], { target }: Compilation): void {
  if (new Set(results.map(({ outputs }) => outputs)).size <= 1) return;
  fail(
    {
      code: 'NC0808',
      message: `the kernels for ${target.name} do not agree: with others the outputs differ`,
      help: 'run nanoc verify, also with --kernels portable, and report what it finds',
    },
    EXIT.failed,
  );
}

function best(output: string, kernels: readonly string[], results: readonly Measurement[]): TuneRun['layers'][number] {
  const candidates = kernels.map((kernel, index) => ({ kernel, instructions: results[index]!.layers[output]! }));
  const chosen = candidates.reduce((fastest, candidate) =>
    candidate.instructions < fastest.instructions * (1 - NOTABLE) ? candidate : fastest,
  );
  return { output, kernel: chosen.kernel, candidates };
}
