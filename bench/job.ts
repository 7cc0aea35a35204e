/**
 * One measurement, in a process of its own: `job.ts <request as JSON>` prints an outcome as one line of JSON.
 * Compiles, verifies on the device and measures; `exact` is what this very run of verify found.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readModelFile } from '../compiler/cli/model-file.js';
import { type Compilation, CompileError, compile } from '../compiler/index.js';
import { totalMacs } from '../compiler/ir/kernel-call.js';
import { measure } from '../compiler/toolchain/measure.js';
import { findCmsisNn } from '../compiler/vendor/cmsis-nn.js';
import { findEspNn } from '../compiler/vendor/esp-nn.js';
import type { Library } from '../compiler/vendor/library.js';
import type { VectorSet } from '../compiler/verify/vector-set.js';
import { defaultVectors, loadVectors } from '../compiler/verify/vectors.js';
import { verifyModel } from '../compiler/verify/verify.js';
import type { BenchModel } from './models.js';
import { type Result, resultSchema } from './results.js';

export interface Request {
  readonly model: BenchModel;
  readonly target: string;
  readonly kernels: Result['kernels'];
  readonly optimize: Result['optimize'];
}

export type Outcome =
  | { readonly kind: 'measured'; readonly result: Result; readonly divergence?: string }
  /** The compiler refuses the model, with these diagnostics. */
  | { readonly kind: 'refused'; readonly diagnostics: readonly string[] };

const VECTORS = 6;

export async function measureModel(request: Request): Promise<Outcome> {
  const { model, target, kernels, optimize } = request;
  const { states, dims, stream } = model;
  const libraries = librariesOf(kernels);
  const options = {
    target,
    kernels,
    optimize,
    libraries,
    ...(states && { states }),
    ...(dims && { dims }),
    ...(stream && { stream }),
  };
  let compilation: Compilation;
  try {
    compilation = await compile(readModelFile(model.path), options);
  } catch (error) {
    if (!(error instanceof CompileError) || error.exitCode === 4) throw error;
    const errors = error.diagnostics.filter(({ severity }) => severity === 'error');
    return { kind: 'refused', diagnostics: errors.map(({ code, message }) => `${code} ${message}`) };
  }
  const verification = await verifyModel(compilation, await vectorsOf(compilation, model.path), { onnxRuntime: 'off' });
  const measurements = await measure(compilation, { instructions: true, stack: true });
  const { plan, program } = compilation;
  const result = resultSchema.parse({
    ...{ model: model.name, target, kernels, optimize, exact: verification.passed },
    ...{
      instructions: measurements.instructions,
      ram: measurements.ram,
      arena: plan.arenaBytes,
      lowerBound: plan.lowerBound,
    },
    ...{ flash: measurements.flash, code: measurements.code, constants: measurements.constants },
    ...{ stack: measurements.stackBound ?? measurements.stackPainted },
    macs: totalMacs(program.calls),
  });
  const divergence = verification.firstDivergence?.message;
  return { kind: 'measured', result, ...(divergence === undefined ? {} : { divergence }) };
}

/** The copy of CMSIS_NN_PATH or ESP_NN_PATH. @throws CompileError where a vendor's kernels are measured and there is none */
function librariesOf(kernels: Result['kernels']): Library[] {
  if (kernels === 'cmsis-nn') return [findCmsisNn({ env: process.env })];
  if (kernels !== 'esp-nn') return [];
  const library = findEspNn({ env: process.env });
  if (library === undefined) throw new Error('ESP_NN_PATH names no copy of ESP-NN');
  return [library];
}

/** The vectors that come with the model, where there are some, else random ones with both limits; of a stream as many as fill a window. */
async function vectorsOf({ reference, streamed }: Compilation, path: string): Promise<VectorSet> {
  if (streamed !== undefined) return defaultVectors(reference, { seed: 1, count: streamed.stepsOfWindow + VECTORS });
  const candidates = [path.replace(/\.onnx$/, '.vectors.npz'), join(dirname(path), 'test.npz')];
  const file = candidates.find((each) => existsSync(each));
  if (file === undefined) return defaultVectors(reference, { seed: 1, count: VECTORS });
  return shortened(await loadVectors(reference, file), reference.states.length > 0);
}

/**
 * A few vectors prove the device as well as many: every layer is compared. The first steps of a model with state; else the
 * first and the last ones (files of vectors end with all-minimum and all-maximum).
 */
function shortened({ vectors, labels, expected }: VectorSet, consecutive: boolean): VectorSet {
  const half = VECTORS / 2;
  const keep = <T>(all: readonly T[]): readonly T[] => {
    if (all.length <= VECTORS) return all;
    return consecutive ? all.slice(0, VECTORS) : [...all.slice(0, half), ...all.slice(-half)];
  };
  return {
    vectors: keep(vectors),
    labels: keep(labels),
    ...(expected === undefined ? {} : { expected: keep(expected) }),
  };
}

if (process.argv[1]?.endsWith('job.ts')) {
  const outcome = await measureModel(JSON.parse(process.argv[2]!) as Request);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
