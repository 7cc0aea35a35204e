/** What a command is to do: the command line over nanoc.json over the defaults. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { CompileOptions, ModelSource } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { listTargets } from '../targets.js';
import type { TuneTable } from '../tune/tune-table.js';
import type { Config } from './config.js';
import { requestedLibraries } from './libraries.js';
import { readAudioFile, readImageFile, readModelFile, readTokenizerFile } from './model-file.js';
import { type BudgetFlags, CONFIG_FILE, type CompileFlags } from './options.js';
import { type Session, showDiagnostics } from './session.js';
import { loadTuneFile } from './tune-file.js';

export interface Job {
  /** Of the model. */
  readonly path: string;
  readonly source: ModelSource;
  /** File name without `.onnx`: the folder below build/. */
  readonly stem: string;
  /** As given on the command line or in nanoc.json; may be empty. */
  readonly targets: readonly string[];
  readonly options: Omit<CompileOptions, 'target'>;
  readonly budgets: BudgetFlags;
  /** What `nanoc tune` measured. */
  readonly tune?: TuneTable;
  /** Output folder from nanoc.json, absolute. */
  readonly output?: string;
}

/** Reads nanoc.json and the model. @throws CompileError NC0610, NC0611, NC0802, NC0803, NC0804 */
export async function resolveJob(
  session: Session,
  model: string | undefined,
  flags: CompileFlags & BudgetFlags,
): Promise<Job> {
  const { path, config, folder } = await locate(session, model);
  const states = flags.state ?? config.states;
  const choices = {
    stream: flags.stream ?? config.stream,
    embeddings: flags.embedding ?? config.embeddings,
    kvCache: flags.kvCache ?? config.kvCache,
    name: flags.name ?? config.name,
    kernels: flags.kernels ?? config.kernels,
    optimize: flags.optimize ?? config.optimize,
    ram: flags.ram,
    maxRam: flags.maxRam ?? config.maxRam,
    fastRam: flags.fastRam ?? config.fastRam,
  };
  const libraries = await requestedLibraries(session, flags, config, folder);
  const source = readModelFile(path);
  /** Of the command line, relative to where it is typed; of nanoc.json, relative to that. */
  const besides = (flag: string | undefined, configured: string | undefined): string | undefined => {
    if (flag !== undefined) return resolve(session.terminal.cwd, flag);
    return configured === undefined ? undefined : resolve(folder, configured);
  };
  const tokenizer = besides(flags.tokenizer, config.tokenizer);
  const image = besides(flags.image, config.image);
  const audio = besides(flags.audio, config.audio);
  const given = typeof flags.tune === 'string' ? resolve(session.terminal.cwd, flags.tune) : flags.tune;
  const { table, diagnostics } = await loadTuneFile(path, source, given);
  showDiagnostics(session, diagnostics);
  return {
    path,
    source,
    stem: path.replace(/^.*[/\\]/, '').replace(/\.onnx$/i, ''),
    targets: flags.target ?? (config.target === undefined ? [] : [config.target].flat()),
    options: {
      ...(config.dims === undefined && flags.dim === undefined ? {} : { dims: { ...config.dims, ...flags.dim } }),
      ...(states === undefined ? {} : { states }),
      ...(libraries.length === 0 ? {} : { libraries }),
      ...(tokenizer === undefined ? {} : { tokenizer: readTokenizerFile(tokenizer) }),
      ...(image === undefined ? {} : { image: readImageFile(image) }),
      ...(audio === undefined ? {} : { audio: readAudioFile(audio) }),
      ...defined(choices),
    },
    budgets: defined({
      maxRam: flags.maxRam ?? config.maxRam,
      maxFlash: flags.maxFlash ?? config.maxFlash,
      maxStack: flags.maxStack ?? config.maxStack,
      maxInstructions: flags.maxInstructions ?? config.maxInstructions,
    }),
    ...(table === undefined ? {} : { tune: table }),
    ...(config.output === undefined ? {} : { output: resolve(folder, config.output) }),
  };
}

/** The only target of a command that takes one. @throws CompileError NC0804 when none or several are given, without a default */
export function oneTarget(job: Job, flags: CompileFlags, fallback?: string): string {
  const [first] = job.targets;
  if (first === undefined) return fallback ?? noTarget();
  if (flags.target !== undefined && flags.target.length > 1) {
    fail({
      code: 'NC0804',
      message: `this command takes one target, not ${flags.target.length}`,
      because: flags.target.join(', '),
    });
  }
  return first;
}

/** The targets of a command that takes several. @throws CompileError NC0804 when none is given */
export function allTargets(job: Job): readonly string[] {
  return job.targets.length === 0 ? noTarget() : job.targets;
}

export function noTarget(): never {
  return fail(
    {
      code: 'NC0804',
      message: 'no target is given',
      expected: `one of ${listTargets().join(', ')}`,
      help: `give --target, or "target" in ${CONFIG_FILE}`,
    },
    EXIT.usage,
  );
}

async function locate(
  session: Session,
  given: string | undefined,
): Promise<{ path: string; folder: string; config: Config }> {
  const path = resolve(session.terminal.cwd, given ?? '.');
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    const folder = dirname(path);
    const config = await configOf(folder);
    // What is said about several models together is not said about each.
    const mine =
      config?.models === undefined && (config?.model === undefined || resolve(folder, config.model) === path);
    return { path: shorter(session, path), folder, config: mine ? (config ?? {}) : {} };
  }
  const config = await configOf(path);
  if (config?.model === undefined) {
    return fail({
      code: 'NC0802',
      message: given === undefined ? 'no model is given' : `${given} is a folder`,
      because: withoutModel(config),
      help: 'name an .onnx file; `nanoc init model.onnx` writes a nanoc.json beside it',
    });
  }
  return { path: shorter(session, join(path, config.model)), folder: path, config };
}

function withoutModel(config: Config | undefined): string {
  if (config === undefined) return `it has no ${CONFIG_FILE}`;
  if (config.models === undefined) return `its ${CONFIG_FILE} names no "model"`;
  return `its ${CONFIG_FILE} names several "models": only nanoc build and nanoc verify take those`;
}

/** The schema library is loaded only where there is something to read. */
export async function configOf(folder: string): Promise<Config | undefined> {
  if (!existsSync(join(folder, CONFIG_FILE))) return undefined;
  const { loadConfig } = await import('./config.js');
  return loadConfig(folder);
}

/** Relative to the working directory where that is how the user would write it: for messages. */
function shorter(session: Session, path: string): string {
  const near = relative(session.terminal.cwd, path);
  return session.terminal.cwd === process.cwd() && !near.startsWith('..') ? near : path;
}

/** Without the keys that are undefined. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
