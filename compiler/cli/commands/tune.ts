import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { CompileOptions } from '../../compilation.js';
import { EXIT } from '../../diagnostics/diagnostic.js';
import { grouped } from '../../report/format.js';
import type { Tuned } from '../../tune/tune-model.js';
import { defineCommand } from '../command.js';
import { interruptible } from '../interrupt.js';
import { allTargets, type Job, resolveJob } from '../job.js';
import { type CompileFlags, declareCompile, declareModel } from '../options.js';
import { asDiagnostic } from '../output-folder.js';
import { withProgress } from '../progress.js';
import { printJson, type Session, say } from '../session.js';
import { renderTable } from '../table.js';
import { stylesOf } from '../terminal.js';
import { tunePath } from '../tune-file.js';

type Flags = CompileFlags & { readonly output?: string };

export const tune = defineCommand<Flags>({
  name: 'tune',
  description: 'measure every kernel that fits each layer, and write which are fastest for later builds',
  examples: ['nanoc tune kws.onnx --target cortex-m4', 'nanoc tune kws.onnx --target cortex-m4,cortex-m55'],
  declare: (command) => {
    declareModel(command);
    declareCompile(command);
    command.option('--output <file>', 'table to write (default: <model>.tune.json beside the model)');
  },
  run: async (session, flags, [model]) => {
    // The table that is being made has no say in what is measured.
    const job = await resolveJob(session, model, { ...flags, tune: false });
    const path = flags.output === undefined ? tunePath(job.path) : resolve(session.terminal.cwd, flags.output);
    const all: Tuned[] = [];
    for (const target of allTargets(job)) {
      const tuned = await tuneOne(session, { ...job.options, target }, job);
      // After each target: a run that is broken off has lost nothing.
      await store(path, job, tuned);
      all.push(tuned);
      show(session, tuned);
    }
    const file = relative(session.terminal.cwd, path);
    say(session, `${stylesOf(session.terminal).bold('wrote')} ${file.startsWith('..') ? path : file}\n`);
    if (session.json) await printJson(session, 'tune', { ok: true, file: path, runs: all.map(({ run }) => run) });
    return EXIT.good;
  },
});

async function tuneOne(session: Session, options: CompileOptions, { source }: Job): Promise<Tuned> {
  const { tuneModel } = await import('../../tune/tune-model.js');
  const cacheFolder = join(session.terminal.cwd, 'build', 'tune');
  return interruptible((signal) =>
    withProgress(session, `tuning for ${options.target}`, (onProgress) =>
      tuneModel(source, options, { cacheFolder, signal, onProgress }),
    ),
  );
}

async function store(path: string, { source }: Job, { run }: Tuned): Promise<void> {
  const { readTuneTable, sha256, withRun } = await import('../../tune/tune-table.js');
  const table = withRun(readTuneTable(path), sha256(source.bytes), run);
  await asDiagnostic(path, () => writeFile(path, `${JSON.stringify(table, undefined, 2)}\n`));
}

function show(session: Session, { run, measured, programs }: Tuned): void {
  const style = stylesOf(session.terminal);
  const known = programs - measured;
  const note = known === 0 ? '' : `, ${known} of them known from an earlier run`;
  say(session, `${style.bold(run.target)}: ${programs} programs${note}\n`);
  if (run.layers.length === 0) return say(session, 'no layer has more than one kernel that fits\n\n');
  const columns = [
    { title: 'kernel' },
    { title: 'instructions', align: 'right' as const },
    { title: 'instead of' },
    { title: 'layer' },
  ];
  const rows = run.layers.map(({ output, kernel, candidates }) => {
    const chosen = candidates.find((candidate) => candidate.kernel === kernel)!;
    const others = candidates.filter((candidate) => candidate !== chosen);
    const text = others.map((other) => `${shortName(other.kernel)} ${grouped(other.instructions)}`);
    return [shortName(kernel), grouped(chosen.instructions), text.join(', '), output];
  });
  say(session, `${renderTable(columns, rows, { head: style.bold, width: session.terminal.width })}\n`);
}

function shortName(kernel: string): string {
  return kernel.replace(/^nanoc_/, '');
}
