/** Measuring a compiled model on its target: flash, RAM, stack, instructions. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Compilation } from '../compilation.js';
import type { KernelCall } from '../ir/kernel-call.js';
import { evaluateSteps } from '../reference/evaluate.js';
import { callIsTaken } from '../reference/taken.js';
import type { Measurements } from '../report/measurements.js';
import { INCLUDE_DIRECTORIES, modelSources, withFolder, withProgram } from '../simulate/program.js';
import type { RunOptions, RunStep, Vector } from '../simulate/run-result.js';
import { runVectors, toDevice } from '../simulate/session.js';
import { linkedLibraries } from '../vendor/linked.js';
import { defaultVectors } from '../verify/default-vectors.js';
import { type CountedRun, worstCase } from './branch-costs.js';
import { type Build, buildFirmware } from './build.js';
import { cycleModels } from './cycle-model.js';
import { cyclesPerInstruction, readFunctions } from './cycles.js';
import { readDisassembly } from './disassembly.js';
import { type Elf, programSizes, readElf } from './elf.js';
import { toolPath } from './kit.js';
import { linkedStackBound } from './stack.js';

export interface MeasureOptions extends Pick<RunOptions, 'signal' | 'timeoutMs' | 'emit'> {
  /** Folder for the programs, kept afterwards; by default a temporary one that is removed. */
  readonly directory?: string;
  /** Count instructions in the simulator. Default true. */
  readonly instructions?: boolean;
  /** Bound the stack, and paint it in the simulator. Default true. */
  readonly stack?: boolean;
  /** What is run to count and paint; by default three vectors of `defaultVectors`. */
  readonly vectors?: readonly Vector[];
}

/**
 * Sizes are those of a program that only infers, less those of an empty program with the same startup code, C library
 * and linker script. The host is no firmware: nothing is measured there.
 * @throws CompileError NC06xx, NC07xx
 */
export async function measure(compilation: Compilation, options: MeasureOptions = {}): Promise<Measurements> {
  if (compilation.target.qemu === undefined) {
    return { notes: ['the host is no firmware target: sizes, stack and instructions are not measured'] };
  }
  return withFolder(options.directory, async (directory) => {
    const sizes = await measureSizes(compilation, directory, options);
    const dynamic = await measureRuns(compilation, join(directory, 'harness'), options);
    const notes = [...sizes.notes, ...dynamic.notes];
    const { stackBound, ...rest } = {
      ...sizes.figures,
      ...estimateCycles(compilation, sizes.disassembly, dynamic.figures),
    };
    const { stackPainted } = dynamic.figures;
    if (stackBound !== undefined && stackPainted !== undefined && stackPainted > stackBound) {
      notes.push(
        `painting saw ${stackPainted} bytes of stack, the call graph gives ${stackBound}: it is not used as a bound`,
      );
      return { ...rest, ...dynamic.figures, notes };
    }
    return { ...rest, ...(stackBound === undefined ? {} : { stackBound }), ...dynamic.figures, notes };
  });
}

/**
 * Cycles by the model of the target's core, from the instructions that were counted; nothing where there is no model, no count, or a
 * kernel whose code was not found.
 */
function estimateCycles(
  { plan, target }: Compilation,
  disassembly: string | undefined,
  { layers }: Measurements,
): Pick<Measurements, 'cycles'> {
  const model = cycleModels[target.name];
  if (model === undefined || disassembly === undefined || layers === undefined) return {};
  const functions = readFunctions(disassembly);
  const each = layers.map(({ step, instructions }) => {
    const perInstruction = cyclesPerInstruction(plan.calls[step]!.function, functions, model);
    return { step, estimate: Math.round(instructions * (perInstruction ?? Number.NaN)) };
  });
  const estimate = each.reduce((sum, layer) => sum + layer.estimate, 0);
  return Number.isNaN(estimate) ? {} : { cycles: { estimate, error: model.error, layers: each } };
}

interface Part {
  readonly figures: Measurements;
  readonly notes: readonly string[];
}

async function measureSizes(
  compilation: Compilation,
  directory: string,
  options: MeasureOptions,
): Promise<Part & { readonly disassembly?: string }> {
  const { name, target } = compilation;
  const withStack = options.stack !== false;
  const common = {
    target,
    includeDirectories: INCLUDE_DIRECTORIES,
    ...(withStack ? { extraFlags: ['-fcallgraph-info=su'] } : {}),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const files = [...(await modelSources(compilation, options.emit)), { path: 'main.c', content: inferringMain(name) }];
  const libraries = linkedLibraries(compilation);
  const build = await buildFirmware({ ...common, files, libraries, directory: join(directory, 'infer') });
  const empty = [{ path: 'main.c', content: 'int main(void) {\n  return 0;\n}\n' }];
  const base = await buildFirmware({ ...common, files: empty, directory: join(directory, 'empty') });
  const elf = readElf(await readFile(build.program));
  const [whole, none] = [programSizes(elf), programSizes(readElf(await readFile(base.program)))];
  const flash = whole.flash - none.flash;
  const constants = await constantBytes(build, elf, `${name}_weights.c`);
  const figures = { flash, constants, code: flash - constants, ram: whole.ram - none.ram };
  const text = await disassemble(build);
  const disassembly = text === undefined ? {} : { disassembly: text };
  if (!withStack) return { figures, notes: [], ...disassembly };
  const bound = await boundStack(build, elf, `${name}_invoke`, text);
  if ('notBounded' in bound) {
    return { figures, notes: [`no bound of the stack: ${bound.notBounded}`], ...disassembly };
  }
  return { figures: { ...figures, stackBound: bound.bytes }, notes: [], ...disassembly };
}

function inferringMain(name: string): string {
  return [
    `#include "${name}.h"`,
    '',
    `static ${name}_t model;`,
    '',
    'int main(void) {',
    `  (void)${name}_init(&model);`,
    `  return (int)${name}_invoke(&model);`,
    '}',
    '',
  ].join('\n');
}

/** Bytes of those objects of a source that the linker kept. */
async function constantBytes(build: Build, elf: Elf, source: string): Promise<number> {
  const object = build.objects[build.sources.indexOf(source)];
  if (object === undefined) return 0;
  const names = new Set(
    readElf(await readFile(object))
      .symbols.filter((symbol) => symbol.bytes > 0)
      .map((symbol) => symbol.name),
  );
  return elf.symbols.filter((symbol) => names.has(symbol.name)).reduce((sum, symbol) => sum + symbol.bytes, 0);
}

/** Undefined where objdump cannot be run. */
async function disassemble(build: Build): Promise<string | undefined> {
  const { toolchain } = build.target;
  const objdump = await execa(
    toolPath(toolchain, `${toolchain.prefix}objdump`),
    ['-d', '--no-show-raw-insn', build.program],
    {
      reject: false,
      maxBuffer: 1 << 28,
    },
  );
  return objdump.failed ? undefined : objdump.stdout;
}

async function boundStack(build: Build, elf: Elf, entry: string, disassembly: string | undefined) {
  if (disassembly === undefined) return { notBounded: `${build.target.toolchain.prefix}objdump cannot be run` };
  // The assembler writes none.
  const ofC = build.objects.filter((_, index) => !build.sources[index]!.endsWith('.S'));
  const graphs = await Promise.all(ofC.map((path) => readFile(path.replace(/\.o$/, '.ci'), 'utf8')));
  return linkedStackBound(graphs, readDisassembly(disassembly), elf, entry);
}

const VECTORS = 3;

/** Share of the instructions from which on their dependence on the data is told. */
const NOTABLE = 0.001;

async function measureRuns(compilation: Compilation, directory: string, options: MeasureOptions): Promise<Part> {
  const count = options.instructions !== false;
  const paint = options.stack !== false;
  if (!count && !paint) return { figures: {}, notes: [] };
  const vectors = options.vectors ?? defaultVectors(compilation.reference, { count: VECTORS }).vectors;
  const run = { ...options, directory };
  return withProgram(compilation, run, async (program) => {
    const figures: { -readonly [K in keyof Measurements]: Measurements[K] } = {};
    const notes: string[] = [];
    if (count) {
      const counts = (await runVectors(program, vectors, run)).steps.flatMap((step) => step.instructions ?? []);
      const { layers, steps } = await runVectors(program, vectors, { ...run, mode: 'profile' });
      figures.instructions = Math.max(...counts);
      if (compilation.plan.calls.some(({ guards }) => guards !== undefined)) {
        const branches = branchFigures(compilation, vectors, counts, steps);
        Object.assign(figures, branches.figures);
        notes.push(...branches.notes);
      }
      figures.layers = layers!.map(({ step, instructions }) => ({ step, instructions: instructions ?? 0 }));
      if (Math.min(...counts) < Math.max(...counts) * (1 - NOTABLE)) {
        notes.push(
          `instructions depend on the data: ${Math.min(...counts)} to ${Math.max(...counts)} over ${counts.length} vectors`,
        );
      }
    }
    if (paint) {
      const stimulus = { mode: 'stack', vectors: vectors.map((vector) => toDevice(compilation, vector)) } as const;
      const depths = (await program.respond(stimulus, run)).vectors.flatMap((vector) => vector.stack ?? []);
      figures.stackPainted = Math.max(...depths);
    }
    return { figures, notes };
  });
}

/** Of a model with branches: the most that any way takes, the mean over the vectors, and how often each case was taken. */
function branchFigures(
  { plan, program, reference }: Compilation,
  vectors: readonly Vector[],
  counts: readonly number[],
  steps: readonly RunStep[],
): Part {
  const results = evaluateSteps(reference, vectors);
  const runs = results.map((result, index) => ({
    instructions: steps[index]!.layers ?? [],
    taken: plan.calls.map((call) => callIsTaken(call, program.graph, result)),
  }));
  // Of the loop over the steps, which no step counts.
  const rest = runs.map(({ instructions }, i) => counts[i]! - instructions.reduce((sum, count) => sum + count, 0));
  const { instructions, unseen } = worstCase(plan.calls, runs);
  const notes = [...new Set(plan.calls.flatMap(({ guards = [] }) => guards.map(({ selector }) => selector)))].map(
    (selector) => `branches of "${selector}" in ${vectors.length} vectors: ${sharesText(plan.calls, runs, selector)}`,
  );
  const missing =
    unseen.length === 0 ? [] : [`${unseen.length} steps ran in no vector: the worst case is without them`];
  return {
    figures: {
      instructions: Math.max(...counts, instructions + Math.max(...rest)),
      expectedInstructions: Math.round(counts.reduce((sum, count) => sum + count, 0) / counts.length),
    },
    notes: [...notes, ...missing],
  };
}

/** `0 in 75 %, 1 in 25 %` */
function sharesText(calls: readonly KernelCall[], runs: readonly CountedRun[], selector: string): string {
  const steps = new Map<number, number>();
  calls.forEach(({ guards = [] }, step) => {
    const last = guards.at(-1);
    if (last?.selector === selector && !steps.has(last.equals)) steps.set(last.equals, step);
  });
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([equals, step]) => {
      const share = runs.filter(({ taken }) => taken[step]).length / runs.length;
      return `${equals} in ${Math.round(100 * share)} %`;
    })
    .join(', ');
}
