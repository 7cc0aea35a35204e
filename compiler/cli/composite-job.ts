/** Several models that share one arena: named on the command line, or by "models" in a nanoc.json. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Composite } from '../composite/composite.js';
import { refuse } from '../composite/refuse.js';
import { cIdentifier } from '../phases/6-emit/names.js';
import type { Config } from './config.js';
import { configOf, defined, type Job, noTarget, resolveJob } from './job.js';
import type { BudgetFlags, CompileFlags } from './options.js';
import { compileProven, type ProveFlags } from './proven-job.js';
import type { Session } from './session.js';

export interface CompositeJob {
  readonly name: string;
  readonly jobs: readonly Job[];
  readonly targets: readonly string[];
  readonly budgets: BudgetFlags;
  /** Output folder from nanoc.json, absolute. */
  readonly output?: string;
}

/** Options that say something about one model. */
const OF_ONE = [
  'dim',
  'state',
  'stream',
  'embedding',
  'tokenizer',
  'image',
  'audio',
  'ram',
  'fastRam',
  'tune',
] as const;

/**
 * The composite that a command is for; undefined when it is for one model. Each model has the options of its own nanoc.json, but not
 * its target, its budgets and its output folder.
 * @throws CompileError NC0761, and what reading a model may throw
 */
export async function resolveComposite(
  session: Session,
  given: readonly (string | undefined)[],
  flags: CompileFlags & BudgetFlags,
): Promise<CompositeJob | undefined> {
  const paths = given.filter((path) => path !== undefined);
  const folder = resolve(session.terminal.cwd, paths[0] ?? '.');
  const config: Config =
    paths.length > 1 || !existsSync(folder) || !statSync(folder).isDirectory() ? {} : ((await configOf(folder)) ?? {});
  const members = paths.length > 1 ? paths : config.models?.map((path) => join(folder, path));
  if (members === undefined) return undefined;
  const wrong = OF_ONE.filter((option) => flags[option] !== undefined && flags[option] !== false);
  if (wrong.length > 0) {
    refuse(
      `options of one model are given for several: ${wrong.join(', ')}`,
      'put them into the nanoc.json of that model',
    );
  }
  const { name: _, maxRam: __, maxFlash: ___, maxStack: ____, maxInstructions: _____, ...common } = flags;
  const jobs: Job[] = [];
  for (const path of members) jobs.push(await resolveJob(session, path, common));
  const own = flags.target ?? (config.target === undefined ? undefined : [config.target].flat());
  const targets = own ?? commonTargets(jobs);
  if (targets.length === 0) noTarget();
  const { maxInstructions, ...budgets } = defined({
    maxRam: flags.maxRam ?? config.maxRam,
    maxFlash: flags.maxFlash ?? config.maxFlash,
    maxStack: flags.maxStack ?? config.maxStack,
    maxInstructions: flags.maxInstructions ?? config.maxInstructions,
  });
  if (maxInstructions !== undefined) {
    refuse(
      'maxInstructions is of one inference, and there are several models',
      "put it into the models' own nanoc.json",
    );
  }
  const name = flags.name ?? config.name ?? jobs.map(({ stem }) => stem).join('_');
  return {
    name: cIdentifier(name),
    jobs,
    targets,
    budgets,
    ...(config.output === undefined ? {} : { output: resolve(folder, config.output) }),
  };
}

/** Those of the first model, where all have the same. */
function commonTargets(jobs: readonly Job[]): readonly string[] {
  const [first, ...others] = jobs.map(({ targets }) => targets);
  return others.every((targets) => targets.join() === first!.join()) ? first! : [];
}

/** Compiles all models for a target. @throws CompileError NC0761 */
export async function compileComposite(
  session: Session,
  { name, jobs }: Pick<CompositeJob, 'name' | 'jobs'>,
  target: string,
  prove: NonNullable<ProveFlags['prove']>,
): Promise<Composite> {
  const models = [];
  for (const job of jobs) {
    const { compilation, calls } = await compileProven(session, job, target, prove);
    if (calls?.passed === false) {
      refuse(`calls of ${job.source.fileName} were found wrong`, 'nanoc verify with that model alone tells which');
    }
    models.push(compilation);
  }
  const { makeComposite } = await import('../composite/composite.js');
  return makeComposite(name, models);
}
