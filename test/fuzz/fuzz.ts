/** The differential fuzzer: random graphs, ONNX Runtime against the reference evaluator against the C on the host. */
import type { Compilation, CompileOptions } from '../../compiler/compilation.js';
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import { compile } from '../../compiler/index.js';
import type { Graph } from '../../compiler/ir/graph.js';
import type { Feature } from '../../compiler/ir/target.js';
import { lower } from '../../compiler/phases/4-lower/index.js';
import { planMemory, separateStorage } from '../../compiler/phases/5-plan/index.js';
import { contextBytesOf } from '../../compiler/phases/6-emit/buffers.js';
import { type DeviceCase, runOnHost } from './device.js';
import { generateModel } from './generate.js';
import { askOnnxRuntime } from './oracle.js';
import { joined, type Tally } from './tally.js';
import { type Vector, vectorsFor } from './vectors.js';

export interface FuzzFailure {
  readonly seed: number;
  /** `compile`, `onnxruntime`, or the variant of the C that differs. */
  readonly stage: string;
  readonly message: string;
  readonly bytes: Uint8Array;
}

export interface FuzzSummary {
  readonly graphs: number;
  readonly failures: readonly FuzzFailure[];
  /** Models that ONNX Runtime cannot run, with its reason. */
  readonly refused: ReadonlyMap<number, string>;
  /** Integers compared with ONNX Runtime. */
  readonly tally: Tally;
}

/** One way of making C from a model. */
export interface Variant {
  readonly name: string;
  /** Instead of those of the host: kernels written for a chip run as their C twins. */
  readonly features?: readonly Feature[];
  readonly guardBytes?: number;
  /** Part of its RAM that the model is to fit into, in bands where there is a chain for them. */
  readonly ramPart?: number;
  readonly flags: readonly string[];
}

const PORTABLE: Variant = { name: 'portable', flags: [] };
const BANDS: Variant = { name: 'portable, in bands', ramPart: 0.7, flags: [] };
const GUARDED: Variant = { name: 'portable, guard bytes', guardBytes: 16, flags: [] };
const DSP: Variant = { name: 'twins of the DSP kernels', features: ['armv7m', 'unaligned', 'dsp', 'fpu'], flags: [] };
const MVE: Variant = { ...DSP, name: 'twins of the MVE kernels', features: [...DSP.features!, 'mve'] };
const NO_FPU: Variant = { name: 'integer requantization', flags: ['-DNANOC_FPU=0'] };
const ARMV6: Variant = { ...NO_FPU, name: 'twins of the Armv6-M kernels', features: ['armv6m'] };
const ARMV7: Variant = { ...NO_FPU, name: 'twins of the Armv7-M kernels', features: ['armv7m', 'unaligned'] };

/** Every way of making C, for models that are few. */
export const ALL_VARIANTS: readonly Variant[] = [PORTABLE, GUARDED, DSP, MVE, NO_FPU, ARMV6, ARMV7, BANDS];

/** Of a seed: kernels of a core with an FPU and, for every third, of one without; portable ones for most. */
export function variantsOf(seed: number): Variant[] {
  const native = seed % 4 < 2 ? [seed % 4 === 0 ? DSP : MVE] : [];
  const plain = [[NO_FPU, ARMV6, ARMV7][Math.floor(seed / 3) % 3]!, GUARDED, PORTABLE][seed % 3]!;
  return [plain, ...native, ...(seed % 4 === 3 ? [BANDS] : [])];
}

export interface FuzzOptions {
  /** Models in one program. */
  readonly batch?: number;
  readonly onProgress?: (done: number) => void;
  readonly onFailure?: (failure: FuzzFailure) => void;
}

interface Job {
  readonly seed: number;
  readonly bytes: Uint8Array;
  readonly vectors: readonly Vector[];
  readonly variants: readonly { readonly variant: Variant; readonly compilation: Compilation }[];
}

/** One model, the seed of its vectors, and how its C is made. */
export interface FuzzInput {
  readonly seed: number;
  readonly bytes: Uint8Array;
  readonly variants: readonly Variant[];
}

/** Runs `count` seeds from `first` on. */
export async function fuzz(first: number, count: number, options: FuzzOptions = {}): Promise<FuzzSummary> {
  const { batch = 40, onProgress = () => {}, onFailure = () => {} } = options;
  const parts: FuzzSummary[] = [];
  for (let start = first; start < first + count; start += batch) {
    const seeds = Array.from({ length: Math.min(batch, first + count - start) }, (_, i) => start + i);
    const inputs = seeds.map((seed) => ({ seed, bytes: generateModel(seed).bytes, variants: variantsOf(seed) }));
    const part = await examine(inputs);
    part.failures.forEach(onFailure);
    parts.push(part);
    onProgress(start + seeds.length - first);
  }
  return {
    graphs: count,
    failures: parts.flatMap(({ failures }) => failures),
    refused: new Map(parts.flatMap(({ refused }) => [...refused])),
    tally: joined(parts.map(({ tally }) => tally)),
  };
}

/** Models in one program: ONNX Runtime against the reference, then the reference against the C. */
export async function examine(inputs: readonly FuzzInput[]): Promise<FuzzSummary> {
  const failures: FuzzFailure[] = [];
  const refused = new Map<number, string>();
  const jobs: Job[] = [];
  const tallies: Tally[] = [];
  for (const input of inputs) {
    const prepared = await prepare(input);
    if ('message' in prepared) {
      failures.push(prepared);
      continue;
    }
    const { seed, bytes } = input;
    const verdict = await askOnnxRuntime(prepared.variants[0]!.compilation, prepared.vectors);
    tallies.push(verdict.tally);
    if (verdict.refused !== undefined) refused.set(seed, verdict.refused);
    if (verdict.problem !== undefined) failures.push({ seed, stage: 'onnxruntime', message: verdict.problem, bytes });
    jobs.push(prepared);
  }
  failures.push(...(await runJobs(jobs)));
  return { graphs: inputs.length, failures, refused, tally: joined(tallies) };
}

async function prepare({ seed, bytes, variants: wanted }: FuzzInput): Promise<Job | FuzzFailure> {
  try {
    const variants: { variant: Variant; compilation: Compilation }[] = [];
    for (const [index, variant] of wanted.entries()) {
      const compilation = await compileVariant(bytes, `m${seed}${index === 0 ? '' : `_${index}`}`, variant);
      variants.push({ variant, compilation });
    }
    return { seed, bytes, vectors: vectorsFor(variants[0]!.compilation.reference, seed), variants };
  } catch (error) {
    return { seed, stage: 'compile', message: textOf(error), bytes };
  }
}

async function compileVariant(bytes: Uint8Array, name: string, variant: Variant): Promise<Compilation> {
  let optimised: Graph | undefined;
  const guard = variant.guardBytes === undefined ? {} : { guardBytes: variant.guardBytes };
  const options: CompileOptions = { target: 'host', name, ...guard };
  const compilation = await compile({ fileName: `${name}.onnx`, bytes }, options, (_, graph) => {
    optimised = graph;
  });
  if (variant.ramPart !== undefined) {
    const maxRam = Math.floor(contextBytesOf(compilation) * variant.ramPart);
    return compile({ fileName: `${name}.onnx`, bytes }, { ...options, maxRam });
  }
  if (variant.features === undefined) return compilation;
  const target = { ...compilation.target, features: variant.features };
  const diagnostics = new Diagnostics();
  const program = separateStorage(lower(optimised!, target, options, diagnostics));
  diagnostics.throwIfErrors();
  const plan = planMemory(program, { alignment: target.alignment, ...guard });
  return { ...compilation, target, graph: program.graph, program, plan };
}

/** One program for all variants of equal flags; when it fails as a whole, each model by itself. */
async function runJobs(jobs: readonly Job[]): Promise<FuzzFailure[]> {
  const groups = new Map<string, { job: Job; variant: Variant; item: DeviceCase }[]>();
  for (const job of jobs) {
    for (const { variant, compilation } of job.variants) {
      const key = variant.flags.join(' ');
      const list = groups.get(key) ?? [];
      groups.set(key, [...list, { job, variant, item: { compilation, vectors: job.vectors } }]);
    }
  }
  const failures: FuzzFailure[] = [];
  for (const group of groups.values()) {
    const results = await runGroup(
      group.map(({ item }) => item),
      group[0]!.variant.flags,
    );
    results.forEach((message, index) => {
      const { job, variant } = group[index]!;
      if (message !== undefined) failures.push({ seed: job.seed, stage: variant.name, message, bytes: job.bytes });
    });
  }
  return failures;
}

async function runGroup(cases: readonly DeviceCase[], flags: readonly string[]): Promise<(string | undefined)[]> {
  try {
    return await runOnHost(cases, flags);
  } catch (error) {
    if (cases.length === 1) return [textOf(error)];
    const middle = Math.ceil(cases.length / 2);
    const halves = [cases.slice(0, middle), cases.slice(middle)];
    return (await Promise.all(halves.map((half) => runGroup(half, flags)))).flat();
  }
}

function textOf(error: unknown): string {
  const { stderr, message, stack } = error as { stderr?: unknown; message?: string; stack?: string };
  if (stderr instanceof Uint8Array) return `${message}\n${Buffer.from(stderr).toString('utf8')}`;
  return stack ?? String(error);
}
