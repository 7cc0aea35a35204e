/** One target of `nanoc build`: from the model to a folder with C, reports and firmware. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Compilation, EmittedFile } from '../compilation.js';
import { CompileError, type Diagnostic, fail } from '../diagnostics/diagnostic.js';
import { emitFiles, emitPackage } from '../index.js';
import type { Target } from '../ir/target.js';
import type { LibraryKind, PackageKind } from '../phases/6-emit/packages.js';
import {
  jsonText,
  type Lock,
  lockSchema,
  type Measurements,
  makeReport,
  type Report,
  reportFiles,
  withToolchain,
} from '../report/index.js';
import { INCLUDE_DIRECTORIES, modelSources, withFolder } from '../simulate/program.js';
import { onProof, proofOf } from '../simulate/proof.js';
import { checkRenode } from '../simulate/renode-selftest.js';
import { buildFirmware, compilerVersion } from '../toolchain/build.js';
import { measure } from '../toolchain/measure.js';
import { linkedLibraries } from '../vendor/linked.js';
import { checkProject } from './esp-idf.js';
import { checkFits } from './fit.js';
import { replaceFolder, writeFiles } from './output-folder.js';

const LOCK = 'nanoc.lock';

export interface TargetBuild {
  readonly report: Report;
  /** Relative to the folder. */
  readonly files: readonly string[];
  /** What could not be measured, and why. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface TargetBuildOptions {
  readonly folder: string;
  /** Compile, link and measure; otherwise only the C is written. */
  readonly compile: boolean;
  /** By default what the target's own project is. */
  readonly package?: PackageKind;
  /** Write the program for `--sim board` as well. */
  readonly board?: boolean;
  /** Write the self-test in Renode as well. */
  readonly renode?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** @throws CompileError NC0403 (too large), NC05xx (folder), NC06xx (compiler); the folder is then what it was before */
export async function buildTarget(compilation: Compilation, options: TargetBuildOptions): Promise<TargetBuild> {
  checkPackage(options.package, compilation.target);
  if (options.renode === true) checkRenode(compilation.target);
  checkFits(makeReport(compilation), compilation.target);
  return replaceFolder(options.folder, options.signal, async (temporary) => {
    const built = await writeTarget(compilation, temporary, options);
    const board = options.board === true ? await writeBoard(compilation, temporary, options) : [];
    const renode = options.renode === true ? await writeRenode(compilation, temporary, options) : [];
    return { ...built, files: [...built.files, ...board, ...renode] };
  });
}

/** What answers `nanoc run --sim board`; returns the paths. */
async function writeBoard(compilation: Compilation, folder: string, options: TargetBuildOptions): Promise<string[]> {
  const { boardFiles } = await import('../simulate/board/sources.js');
  const source = options.package === 'arduino' || options.package === 'platformio' ? 'src/' : '';
  const board = (await boardFiles(compilation)).map((file) => ({ ...file, path: source + file.path }));
  await writeFiles(folder, board, options.signal);
  return board.map(({ path }) => path);
}

/** The self-test in Renode; returns the paths. */
async function writeRenode(
  compilation: Compilation,
  folder: string,
  { compile, signal }: TargetBuildOptions,
): Promise<string[]> {
  const { selftestFiles, selftestProgram } = await import('../simulate/renode-selftest.js');
  const files = selftestFiles(compilation);
  await writeFiles(folder, files, signal);
  const paths = files.map(({ path }) => path);
  if (!compile) return paths;
  const program = selftestProgram(compilation);
  const model = await modelSources(compilation, emitFiles);
  const main = files.filter(({ path }) => path.endsWith('.c'));
  await linkFiles(compilation, [...model, ...main], join(folder, program), signal);
  return [...paths, program];
}

async function writeTarget(
  compilation: Compilation,
  folder: string,
  options: TargetBuildOptions,
): Promise<TargetBuild> {
  const { signal, onProgress } = options;
  onProgress('writing C');
  const kind = options.package;
  if (kind !== undefined && kind !== 'cmake' && kind !== 'esp-idf')
    return writePackage(compilation, kind, folder, options);
  const emitted = await emitFiles(compilation);
  if (!options.compile) {
    await writeFiles(folder, emitted, signal);
    return { report: makeReport(compilation), files: emitted.map(({ path }) => path), diagnostics: [] };
  }
  if (compilation.target.espIdf !== undefined) {
    await writeFiles(folder, emitted, signal);
    return espIdfBuild(compilation, emitted, folder, options);
  }
  onProgress(`compiling with ${compilation.target.toolchain.compiler}`);
  const program = await linkProgram(compilation, emitted, folder, signal);
  onProgress('measuring');
  const { measurements, diagnostics } = await measured(compilation, signal);
  const report = makeReport(compilation, measurements);
  const files = await withMeasurements(compilation, emitted, report);
  await writeFiles(folder, files, signal);
  return { report, files: [...files.map(({ path }) => path), program], diagnostics };
}

/** A library alone: its C is compiled for the target and measured, and nothing is linked. */
async function writePackage(
  compilation: Compilation,
  kind: LibraryKind,
  folder: string,
  { compile, signal, onProgress }: TargetBuildOptions,
): Promise<TargetBuild> {
  const files = await emitPackage(compilation, kind);
  const paths = files.map(({ path }) => path);
  await writeFiles(folder, files, signal);
  if (!compile) return { report: makeReport(compilation), files: paths, diagnostics: [] };
  onProgress('measuring');
  const measuring = compilation.target.proof === undefined ? measured : measuredOnProof;
  const { measurements, diagnostics } = await measuring(compilation, signal);
  const report = makeReport(compilation, measurements);
  await writeFiles(folder, reportFiles(report), signal);
  return { report, files: paths, diagnostics };
}

/** @throws CompileError NC0622 for a project of ESP-IDF elsewhere than on Espressif's chips, and for one of CMake there */
function checkPackage(kind: PackageKind | undefined, { name, espIdf }: Target): void {
  const project = espIdf === undefined ? 'cmake' : 'esp-idf';
  if ((kind !== 'cmake' && kind !== 'esp-idf') || kind === project) return;
  fail({
    code: 'NC0622',
    message: `a firmware for ${name} is no project of ${kind === 'cmake' ? 'CMake' : 'ESP-IDF'}`,
    help: `choose --package ${project}, or plain for the C alone`,
  });
}

/** What could be checked of an ESP-IDF project; figures are those of the target on which its C is proven. */
async function espIdfBuild(
  compilation: Compilation,
  emitted: readonly EmittedFile[],
  folder: string,
  { signal, onProgress }: TargetBuildOptions,
): Promise<TargetBuild> {
  onProgress('checking the project');
  const unchecked = await checkProject(compilation, folder, signal);
  onProgress('measuring');
  const { measurements, diagnostics } = await measuredOnProof(compilation, signal);
  const report = makeReport(compilation, measurements);
  await writeFiles(folder, reportFiles(report), signal);
  return { report, files: emitted.map(({ path }) => path), diagnostics: [...unchecked, ...diagnostics] };
}

async function measuredOnProof(compilation: Compilation, signal: AbortSignal): ReturnType<typeof measured> {
  const { target } = compilation;
  const proof = await proofOf(target);
  const { calls } = compilation.plan;
  const hasVectors = linkedLibraries(compilation).length > 0 || calls.some((call) => call.hasVectors);
  if (target.features.includes('pie') && proof?.runsVectors !== true && hasVectors) {
    const notes = ['nothing was measured: kernels for the vectors of the chip cannot be run here'];
    return { measurements: { notes }, diagnostics: [] };
  }
  const why = `${target.name} has no simulator here: measured on ${proof?.target}`;
  try {
    const there = await onProof(compilation);
    const { measurements, diagnostics } = await measured(there, signal);
    const notes = [`${why}; not proven there: ${proof?.leavesOut}`, ...(measurements.notes ?? [])];
    return { measurements: { ...measurements, notes }, diagnostics };
  } catch (error) {
    if (!(error instanceof CompileError) || error.diagnostics.some(({ code }) => !MISSING.has(code))) throw error;
    const diagnostics = error.diagnostics.map(
      (each): Diagnostic => ({ ...each, severity: 'warning', because: `nothing was measured; ${why}` }),
    );
    return { measurements: { notes: ['nothing was measured'] }, diagnostics };
  }
}

/** A compiler, a library or a simulator that is not here. */
const MISSING = new Set(['NC0601', 'NC0613', 'NC0701']);

/** The example firmware, built from the very files that are written. */
async function linkProgram(
  compilation: Compilation,
  emitted: readonly EmittedFile[],
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const name = compilation.target.qemu === undefined ? compilation.name : `${compilation.name}.elf`;
  const main = emitted.filter(({ path }) => path === 'main.c');
  const sources = [...(await modelSources(compilation, () => emitted)), ...main];
  await linkFiles(compilation, sources, join(folder, name), signal);
  return name;
}

/** Links the model's C, and a main, with the target's startup code; leaves the program at `path`. */
async function linkFiles(
  compilation: Compilation,
  files: readonly EmittedFile[],
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await withFolder(undefined, async (directory) => {
    const request = {
      files,
      target: compilation.target,
      directory,
      includeDirectories: INCLUDE_DIRECTORIES,
      libraries: linkedLibraries(compilation),
      signal,
    };
    const { program } = await buildFirmware(request);
    await copyFile(program, path);
  });
}

/** A simulator that is missing costs the instruction count, not the build; the report says so. */
async function measured(
  compilation: Compilation,
  signal: AbortSignal,
): Promise<{ measurements: Measurements; diagnostics: readonly Diagnostic[] }> {
  try {
    return { measurements: await measure(compilation, { signal, instructions: true, stack: true }), diagnostics: [] };
  } catch (error) {
    if (!(error instanceof CompileError) || error.diagnostics.some(({ code }) => code !== 'NC0701')) throw error;
    const diagnostics = error.diagnostics.map(
      (each): Diagnostic => ({ ...each, severity: 'warning', because: 'instructions and stack were not measured' }),
    );
    return { measurements: await measure(compilation, { signal, instructions: false, stack: false }), diagnostics };
  }
}

/** The reports with their measurements, and the lock with what compiled the C. */
async function withMeasurements(
  compilation: Compilation,
  emitted: readonly EmittedFile[],
  report: Report,
): Promise<EmittedFile[]> {
  const { target } = compilation;
  const reports = new Map(reportFiles(report).map((file) => [file.path, file]));
  const version = await compilerVersion(target);
  return emitted.map((file) => {
    if (file.path !== LOCK) return reports.get(file.path) ?? file;
    const lock: Lock = lockSchema.parse(JSON.parse(file.content));
    return { path: LOCK, content: jsonText(withToolchain(lock, target.toolchain.compiler, version)) };
  });
}
