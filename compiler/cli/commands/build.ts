import { join, relative, resolve } from 'node:path';
import { Option } from 'commander';
import { type Diagnostic, EXIT, fail } from '../../diagnostics/diagnostic.js';
import { PACKAGES, type PackageKind } from '../../phases/6-emit/packages.js';
import type { Report } from '../../report/schema.js';
import type { CallsVerification } from '../../verify/calls/route.js';
import { defineCommand } from '../command.js';
import { resolveComposite } from '../composite-job.js';
import { interruptible } from '../interrupt.js';
import { allTargets, type Job, resolveJob } from '../job.js';
import { type BudgetFlags, type CompileFlags, declareBudgets, declareCompile, declareModels } from '../options.js';
import { checkReplaceable } from '../output-folder.js';
import { withProgress } from '../progress.js';
import { compileProven, declareProve, type ProveFlags } from '../proven-job.js';
import { printJson, type Session, say, showDiagnostics } from '../session.js';
import { stylesOf } from '../terminal.js';

type Flags = CompileFlags &
  BudgetFlags &
  ProveFlags & {
    readonly output?: string;
    readonly compile: boolean;
    readonly force?: boolean;
    readonly board?: boolean;
    readonly renode?: boolean;
    readonly package?: PackageKind;
  };

/** Address bands of the arena picture: enough to see its shape. */
const PICTURE_ROWS = 12;

interface Built {
  readonly target: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly report: Report;
  /** The arena over time. */
  readonly picture: string;
  /** Where calls were proven, or are known to be wrong. */
  readonly calls?: CallsVerification;
  readonly diagnostics: readonly Diagnostic[];
}

export const build = defineCommand<Flags>({
  name: 'build',
  description: 'compile a model to C and firmware, and print what it takes',
  examples: [
    'nanoc build kws.onnx --target cortex-m4',
    'nanoc build kws.onnx --target cortex-m0 --no-compile --output firmware/kws',
    'nanoc build kws.onnx --target esp32s3',
    'nanoc build wake.onnx face.onnx --target cortex-m4 --name doorbell',
    'nanoc build kws.onnx --target stm32f407 --board',
    'nanoc build kws.onnx --target nrf52840 --renode',
    'nanoc build kws.onnx --target nrf52840 --package zephyr',
  ],
  declare: (command) => {
    declareModels(command);
    declareCompile(command);
    command
      .option('--output <dir>', 'folder to write (default: build/<model>/<target>)')
      .option('--no-compile', 'write the C, but do not compile and measure it')
      .addOption(
        new Option('--package <kind>', 'shape of what is written (default: esp-idf for its chips, else cmake)').choices(
          PACKAGES,
        ),
      )
      .option('--board', 'write the program that answers nanoc run --sim board as well')
      .option('--renode', 'write the self-test as a program, a script and a test for Renode as well')
      .option('--force', 'replace a folder that nanoc did not write');
    declareProve(command, 'known');
    declareBudgets(command);
  },
  run: async (session, flags, given) => {
    const composite = await resolveComposite(session, given, flags);
    if (composite !== undefined) {
      checkAlone(flags);
      const { buildComposites } = await import('../composite-build.js');
      return buildComposites(session, composite, flags);
    }
    const [model] = given;
    const job = await resolveJob(session, model, flags);
    const targets = allTargets(job);
    const folders = targets.map((target) => outputFolder(session, job, target, flags));
    for (const folder of folders) checkReplaceable(folder, flags.force === true);
    const built: Built[] = [];
    for (const [index, target] of targets.entries()) {
      const one = await buildOne(session, job, target, folders[index]!, flags);
      built.push(one);
      await show(session, one);
    }
    const ok = built.every(isGood);
    if (session.json) await printJson(session, 'build', { ok, builds: built.map(({ picture: _, ...rest }) => rest) });
    if (!ok) return EXIT.failed;
    return built.some(isUnchecked) ? EXIT.missingTool : EXIT.good;
  },
});

/** @throws CompileError NC0622 for options that take one model */
function checkAlone(flags: Flags): void {
  const given = { '--board': flags.board, '--renode': flags.renode, '--package': flags.package };
  const option = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (option === undefined) return;
  fail({
    code: 'NC0622',
    message: `${option} takes one model`,
    because: 'several models in one memory are written as a project of CMake',
    help: 'leave the option out, or build each model by itself',
  });
}

function isGood({ diagnostics, calls }: Built): boolean {
  return calls?.passed !== false && diagnostics.every(({ severity }) => severity !== 'error');
}

/** A check of the project was left out since a tool is missing. */
function isUnchecked({ diagnostics }: Built): boolean {
  return diagnostics.some(({ code }) => code === 'NC0620');
}

/** `--output` is the folder itself, or holds one for each target where there are several. */
function outputFolder(session: Session, job: Job, target: string, flags: Flags): string {
  const given = flags.output === undefined ? job.output : resolve(session.terminal.cwd, flags.output);
  if (given === undefined) return resolve(session.terminal.cwd, 'build', job.stem, target);
  return job.targets.length > 1 ? join(given, target) : given;
}

async function buildOne(session: Session, job: Job, target: string, folder: string, flags: Flags): Promise<Built> {
  const { compilation, calls } = await compileProven(session, job, target, flags.prove ?? 'known');
  const { buildTarget } = await import('../build-target.js');
  const { checkBudgets } = await import('../budgets.js');
  const made = await interruptible((signal) =>
    withProgress(session, `building for ${target}`, (onProgress) =>
      buildTarget(compilation, {
        ...{
          folder,
          compile: flags.compile,
          board: flags.board === true,
          renode: flags.renode === true,
          signal,
          onProgress,
        },
        ...(flags.package === undefined ? {} : { package: flags.package }),
      }),
    ),
  );
  const diagnostics = [...compilation.diagnostics, ...made.diagnostics, ...checkBudgets(job.budgets, made.report)];
  const { arenaMap } = await import('../../report/arena-picture.js');
  const picture = arenaMap(compilation.plan, { width: session.terminal.width, rows: PICTURE_ROWS });
  const proven = calls === undefined ? {} : { calls };
  return { target, folder, files: made.files, report: made.report, picture, ...proven, diagnostics };
}

async function show(session: Session, { folder, files, report, picture, calls, diagnostics }: Built): Promise<void> {
  if (session.json) return;
  const { renderReportText } = await import('../../report/text.js');
  const { terminal } = session;
  // The report ends with its own diagnostics; those that it does not know follow on standard error.
  const known = new Set(report.diagnostics.map(({ message }) => message));
  say(session, renderReportText(report, { color: terminal.color, width: terminal.width }));
  if (picture !== '')
    say(session, `\n${picture}\n${stylesOf(terminal).dim('a letter for each tensor; nanoc plan names them')}\n`);
  if (calls !== undefined) {
    const { callLines } = await import('../verify-text.js');
    say(session, `\n${callLines(calls).join('')}`);
  }
  const place = relative(terminal.cwd, folder);
  say(
    session,
    `\n${stylesOf(terminal).bold('wrote')} ${place.startsWith('..') ? folder : place} (${files.length} files)\n`,
  );
  const others = diagnostics.filter(({ message }) => !known.has(message));
  showDiagnostics(session, others);
  // Why a build failed is never left out.
  if (session.quiet)
    showDiagnostics(
      { ...session, quiet: false },
      others.filter(({ severity }) => severity === 'error'),
    );
}
