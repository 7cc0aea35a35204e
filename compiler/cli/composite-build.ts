/** `nanoc build` of several models that share one arena. */
import { copyFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { EmittedFile } from '../compilation.js';
import { type Composite, compositeMemory } from '../composite/composite.js';
import { type Diagnostic, EXIT } from '../diagnostics/diagnostic.js';
import { emitHost } from '../emit-host.js';
import { emitComposite } from '../phases/6-emit/index.js';
import { grouped } from '../report/format.js';
import { jsonText, lockSchema, makeReport, type Report, reportFiles, withToolchain } from '../report/index.js';
import { INCLUDE_DIRECTORIES, withFolder } from '../simulate/program.js';
import { buildFirmware, compilerVersion } from '../toolchain/build.js';
import { firmwareSizes } from '../toolchain/firmware-sizes.js';
import { measure } from '../toolchain/measure.js';
import { linkedLibraries } from '../vendor/linked.js';
import { type CompositeJob, compileComposite } from './composite-job.js';
import { checkCompositeFits } from './fit.js';
import { interruptible } from './interrupt.js';
import type { BudgetFlags } from './options.js';
import { checkReplaceable, replaceFolder, writeFiles } from './output-folder.js';
import { withProgress } from './progress.js';
import type { ProveFlags } from './proven-job.js';
import { printJson, type Session, say, showDiagnostics } from './session.js';
import { renderTable } from './table.js';
import { stylesOf } from './terminal.js';

type Flags = ProveFlags & { readonly output?: string; readonly compile: boolean; readonly force?: boolean };

interface Sizes {
  readonly arena: number;
  readonly ram?: number;
  readonly flash?: number;
}

interface CompositeBuild extends Sizes {
  readonly target: string;
  readonly folder: string;
  readonly files: readonly string[];
  /** Sums of the models with arenas of their own. */
  readonly alone: Sizes;
  readonly models: readonly Report[];
  readonly diagnostics: readonly Diagnostic[];
}

/** @throws CompileError as the build of one model, and NC0761 */
export async function buildComposites(session: Session, job: CompositeJob, flags: Flags): Promise<number> {
  const given = flags.output === undefined ? job.output : resolve(session.terminal.cwd, flags.output);
  const folders = job.targets.map((target) => {
    if (given === undefined) return resolve(session.terminal.cwd, 'build', job.name, target);
    return job.targets.length > 1 ? join(given, target) : given;
  });
  for (const folder of folders) checkReplaceable(folder, flags.force === true);
  const builds: CompositeBuild[] = [];
  for (const [index, target] of job.targets.entries()) {
    const composite = await compileComposite(session, job, target, flags.prove ?? 'known');
    const built = await interruptible((signal) =>
      withProgress(session, `building for ${target}`, () =>
        buildOne(composite, job, folders[index]!, flags.compile, signal),
      ),
    );
    builds.push(built);
    show(session, composite, built);
  }
  const ok = builds.every(({ diagnostics }) => diagnostics.every(({ severity }) => severity !== 'error'));
  if (session.json) await printJson(session, 'composite', { ok, name: job.name, builds });
  return ok ? EXIT.good : EXIT.failed;
}

async function buildOne(
  composite: Composite,
  { budgets }: CompositeJob,
  folder: string,
  compile: boolean,
  signal: AbortSignal,
): Promise<CompositeBuild> {
  const { target, models } = composite;
  const { arena, total } = compositeMemory(composite);
  checkCompositeFits(
    total,
    models.map((model) => makeReport(model)),
    target,
  );
  const emitted = emitComposite(composite, emitHost());
  const made = await replaceFolder(folder, signal, async (temporary) => {
    if (!compile) {
      await writeFiles(temporary, emitted, signal);
      return {
        files: emitted.map(({ path }) => path),
        reports: models.map((model) => makeReport(model)),
        whole: undefined,
      };
    }
    const program = await link(composite, emitted, temporary, signal);
    const reports: Report[] = [];
    for (const model of models) reports.push(makeReport(model, await measure(model, { signal })));
    const files = await withMeasurements(composite, emitted, reports);
    await writeFiles(temporary, files, signal);
    return {
      files: [...files.map(({ path }) => path), program],
      reports,
      whole: await measured(composite, emitted, signal),
    };
  });
  const sum = (figure: (report: Report) => number | undefined): number | undefined => {
    const all = made.reports.map(figure);
    return all.includes(undefined) ? undefined : all.reduce((total, each) => total! + each!, 0);
  };
  const alone = {
    arena: models.reduce((total, { plan }) => total + plan.arenaBytes, 0),
    ...given({
      ram: sum(({ measurements }) => measurements?.ram),
      flash: sum(({ measurements }) => measurements?.flash),
    }),
  };
  const stacks = made.reports.flatMap(
    ({ measurements }) => measurements?.stackBound ?? measurements?.stackPainted ?? [],
  );
  const stack = stacks.length === models.length ? Math.max(...stacks) : undefined;
  return {
    target: target.name,
    folder,
    files: made.files,
    arena,
    ...(made.whole ?? {}),
    alone,
    models: made.reports,
    diagnostics: [
      ...models.flatMap(({ diagnostics }) => diagnostics),
      ...checkBudgets(budgets, { maxRam: made.whole?.ram, maxFlash: made.whole?.flash, maxStack: stack }, target.name),
    ],
  };
}

function given(sizes: { ram: number | undefined; flash: number | undefined }): { ram?: number; flash?: number } {
  const { ram, flash } = sizes;
  return { ...(ram === undefined ? {} : { ram }), ...(flash === undefined ? {} : { flash }) };
}

/** An error (NC0401) for each budget that is exceeded, a warning (NC0402) for each that could not be checked. */
function checkBudgets(
  budgets: BudgetFlags,
  figures: Readonly<Record<'maxRam' | 'maxFlash' | 'maxStack', number | undefined>>,
  target: string,
): Diagnostic[] {
  return (['maxRam', 'maxFlash', 'maxStack'] as const).flatMap((option): Diagnostic[] => {
    const [most, figure] = [budgets[option], figures[option]];
    if (most === undefined || (figure !== undefined && figure <= most)) return [];
    if (figure === undefined) {
      const because = `it was not measured for ${target}`;
      return [{ code: 'NC0402', severity: 'warning', message: `${option} was not checked`, because }];
    }
    const expected = `${option} ${grouped(most)}, got ${grouped(figure)}`;
    const message = `the models are ${grouped(figure - most)} bytes over the budget of ${target}`;
    return [{ code: 'NC0401', severity: 'error', message, expected }];
  });
}

/** The example firmware, built from the very files that are written. */
async function link(
  { name, target, models }: Composite,
  emitted: readonly EmittedFile[],
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const program = target.qemu === undefined ? `${name}_demo` : `${name}.elf`;
  await withFolder(undefined, async (directory) => {
    const build = await buildFirmware({
      files: sourcesOf(emitted, target.startup),
      target,
      directory,
      includeDirectories: INCLUDE_DIRECTORIES,
      libraries: models.flatMap(linkedLibraries),
      signal,
    });
    await copyFile(build.program, join(folder, program));
  });
  return program;
}

/** Without the startup code, which the build brings itself. */
function sourcesOf(emitted: readonly EmittedFile[], startup: readonly string[]): EmittedFile[] {
  const others = new Set(startup.map((path) => path.slice(path.lastIndexOf('/') + 1)));
  return emitted.filter(({ path }) => /\.[ch]$/.test(path) && !others.has(path));
}

/** Of a program that only makes the models ready and infers with each. */
function measured({ name, target, models }: Composite, emitted: readonly EmittedFile[], signal: AbortSignal) {
  const main = [
    `#include "${name}.h"`,
    '',
    `static ${name}_t models;`,
    '',
    'int main(void) {',
    `  int status = (int)${name}_init(&models);`,
    ...models.map((model) => `  status |= (int)${model.name}_invoke(&models.${model.name});`),
    '  return status;',
    '}',
    '',
  ].join('\n');
  const library = sourcesOf(emitted, target.startup).filter(({ path }) => path !== 'main.c');
  const files = [...library, { path: 'main.c', content: main }];
  return firmwareSizes({ target, files, libraries: models.flatMap(linkedLibraries), signal });
}

/** The reports with their measurements, and the lock with what compiled the C. */
async function withMeasurements(
  { target, models }: Composite,
  emitted: readonly EmittedFile[],
  reports: readonly Report[],
): Promise<EmittedFile[]> {
  const measuredFiles = models.flatMap(({ name }, index) =>
    reportFiles(reports[index]!).map(({ path, content }): [string, EmittedFile] => {
      return [`${name}/${path}`, { path: `${name}/${path}`, content }];
    }),
  );
  const byPath = new Map(measuredFiles);
  const version = await compilerVersion(target);
  return emitted.map((file) => {
    if (file.path !== 'nanoc.lock') return byPath.get(file.path) ?? file;
    const { models: locks, ...rest } = JSON.parse(file.content) as { models: unknown[] };
    const filled = locks.map((lock) => withToolchain(lockSchema.parse(lock), target.toolchain.compiler, version));
    return { path: file.path, content: jsonText({ ...rest, models: filled }) };
  });
}

function show(session: Session, { name, models: compiled }: Composite, built: CompositeBuild): void {
  const { terminal } = session;
  const { target, arena, ram, flash, alone, models, folder, files, diagnostics } = built;
  const style = stylesOf(terminal);
  const right = 'right' as const;
  const cell = (value: number | undefined) => (value === undefined ? '' : grouped(value));
  const columns = [
    { title: 'model' },
    { title: 'arena', align: right },
    { title: 'state', align: right },
    { title: 'RAM alone', align: right },
    { title: 'flash alone', align: right },
    { title: 'instructions', align: right },
  ];
  const rows = compiled.map(({ name: model, plan }, index) => {
    const measurements = models[index]!.measurements;
    const { ram: own, flash: code, instructions } = measurements ?? {};
    return [model, grouped(plan.arenaBytes), grouped(plan.stateBytes), cell(own), cell(code), cell(instructions)];
  });
  const states = compiled.reduce((sum, { plan }) => sum + plan.stateBytes, 0);
  const sums = ['alone, sum', grouped(alone.arena), grouped(states), cell(alone.ram), cell(alone.flash), ''];
  const together = ['one arena', grouped(arena), grouped(states), cell(ram), cell(flash), ''];
  say(session, `${style.bold(`${name} for ${target}`)}: ${compiled.length} models share one arena\n\n`);
  say(session, renderTable(columns, [...rows, sums, together], { head: style.bold, width: terminal.width }));
  const place = relative(terminal.cwd, folder);
  say(session, `\n${style.bold('wrote')} ${place.startsWith('..') ? folder : place} (${files.length} files)\n`);
  showDiagnostics(session, diagnostics);
  // Why a build failed is never left out.
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (session.quiet) showDiagnostics({ ...session, quiet: false }, errors);
}
