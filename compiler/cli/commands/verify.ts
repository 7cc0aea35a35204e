import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { refuse } from '../../composite/refuse.js';
import { type Diagnostic, EXIT } from '../../diagnostics/diagnostic.js';
import type { CompositeVerification } from '../../verify/composite.js';
import type { VerifyResult } from '../../verify/result.js';
import type { VectorSet } from '../../verify/vector-set.js';
import { defineCommand } from '../command.js';
import { type CompositeJob, compileComposite, resolveComposite } from '../composite-job.js';
import { interruptible } from '../interrupt.js';
import { allTargets, type Job, resolveJob } from '../job.js';
import { type CompileFlags, declareCompile, declareModels } from '../options.js';
import { asDiagnostic } from '../output-folder.js';
import { withProgress } from '../progress.js';
import { compileProven, declareProve, type ProveFlags } from '../proven-job.js';
import { printJson, type Session, say, showDiagnostics } from '../session.js';
import { declareSimulator, type SimulatorFlags, simulatedJob, simulatorChoice } from '../simulator-options.js';
import { declareVectors, type VectorFlags, vectorsFor } from '../vector-options.js';

type Flags = CompileFlags &
  SimulatorFlags &
  VectorFlags &
  ProveFlags & { readonly vectors?: string; readonly junit?: string; readonly strict?: boolean };

interface Verified {
  readonly result: VerifyResult;
  readonly diagnostics: readonly Diagnostic[];
}

const DEFAULT_COUNT = 16;

export const verify = defineCommand<Flags>({
  name: 'verify',
  description: 'compare the device with the reference at every layer, and the reference with ONNX Runtime',
  examples: [
    'nanoc verify kws.onnx --target cortex-m4',
    'nanoc verify kws.onnx --target cortex-m4 --kernels cmsis-nn --cmsis-nn CMSIS-NN --prove vendor',
    'nanoc verify kws.onnx --target host,cortex-m0 --vectors clips.npz --junit verify.xml',
    'nanoc verify wake.onnx face.onnx --target cortex-m4 --name doorbell',
  ],
  declare: (command) => {
    declareModels(command);
    command
      .option('--vectors <file>', 'inputs, with or without outputs: .npy, .npz, .json or raw bytes')
      .option('--junit <file>', 'write the result as JUnit XML')
      .option(
        '--strict',
        'fail also where the reference differs by rounding from ONNX Runtime or from outputs in the vectors',
      );
    declareProve(command, 'vendor');
    declareVectors(command);
    declareSimulator(command);
    declareCompile(command);
  },
  run: async (session, flags, given) => {
    const composite = await resolveComposite(session, given, flags);
    if (composite !== undefined && flags.vectors !== undefined) {
      refuse('--vectors are those of one model, and there are several', 'verify that model by itself with them');
    }
    const jobs = composite?.jobs ?? [await resolveJob(session, given[0], flags)];
    const targets = composite?.targets ?? allTargets(jobs[0]!);
    const verified: Verified[] = [];
    const together: (CompositeVerification & { readonly target: string })[] = [];
    for (const target of targets) {
      for (const job of jobs) {
        const one = await verifyOne(session, job, target, flags);
        if (composite !== undefined && targets.indexOf(target) === 0) say(session, `${job.source.fileName}\n`);
        await show(session, one, verified.length === 0, passed(one.result, flags));
        verified.push(one);
      }
      if (composite === undefined) continue;
      const result = { target, ...(await verifyTogether(session, composite, target, flags)) };
      together.push(result);
      const { renderComposite } = await import('../verify-text.js');
      const text = `\n${renderComposite(session.terminal, target, result)}`;
      if (session.quiet && !session.json && !result.passed) session.terminal.out(text);
      else say(session, text);
    }
    if (flags.junit !== undefined)
      await writeJunit(session, composite?.name ?? jobs[0]!.source.fileName, verified, flags.junit);
    const ok = verified.every(({ result }) => passed(result, flags)) && together.every((result) => result.passed);
    if (session.json)
      await printJson(session, 'verify', {
        ok,
        results: verified.map(({ result, diagnostics }) => ({ ...result, diagnostics })),
        ...(composite === undefined ? {} : { composites: together }),
      });
    return ok ? EXIT.good : EXIT.failed;
  },
});

async function show(session: Session, { result, diagnostics }: Verified, first: boolean, ok: boolean): Promise<void> {
  if (session.json) return;
  const { renderVerification } = await import('../verify-text.js');
  if (first) showDiagnostics(session, diagnostics);
  // A failure is what was asked for, even with --quiet.
  const text = `${first ? '' : '\n'}${renderVerification(session.terminal, result)}`;
  if (session.quiet && !ok) session.terminal.out(text);
  else say(session, text);
}

/** That the models do not disturb each other in their one arena. */
async function verifyTogether(
  session: Session,
  job: CompositeJob,
  target: string,
  flags: Flags,
): Promise<CompositeVerification> {
  const chosen = await Promise.all(job.jobs.map((each) => simulatedJob(each, target, flags)));
  const composite = await compileComposite(session, { name: job.name, jobs: chosen }, target, 'known');
  const sets: VectorSet[] = [];
  for (const model of composite.models)
    sets.push(await vectorsFor(session, model, flags, { file: undefined, count: DEFAULT_COUNT }));
  const { verifyComposite } = await import('../../verify/composite.js');
  return interruptible((signal) =>
    withProgress(session, `verifying the models together on ${target}`, () =>
      verifyComposite(composite, sets, { signal, ...simulatorChoice(flags) }),
    ),
  );
}

function passed(result: VerifyResult, { strict }: Flags): boolean {
  const differing = (result.expected?.differing ?? 0) + (result.onnxRuntime?.differing ?? 0);
  return result.passed && (strict !== true || differing === 0);
}

async function verifyOne(session: Session, job: Job, target: string, flags: Flags): Promise<Verified> {
  const { onProof } = await import('../../simulate/proof.js');
  const chosen = await simulatedJob(job, target, flags);
  const proven = await compileProven(
    session,
    chosen,
    target,
    flags.prove ?? 'vendor',
    simulatorChoice(flags).simulator,
  );
  const compilation = await onProof(proven.compilation);
  const count = DEFAULT_COUNT + (compilation.streamed?.stepsOfWindow ?? 1) - 1;
  const set = await vectorsFor(session, compilation, flags, { file: flags.vectors, count });
  const { verifyModel } = await import('../../verify/verify.js');
  const result = await interruptible((signal) =>
    withProgress(session, `verifying on ${target}`, (onProgress) =>
      verifyModel(compilation, set, { signal, onProgress, ...simulatorChoice(flags) }),
    ),
  );
  if (proven.calls === undefined) return { result, diagnostics: compilation.diagnostics };
  const { withCalls } = await import('../../verify/calls/route.js');
  return { result: withCalls(result, proven.calls), diagnostics: compilation.diagnostics };
}

/** One suite: the cases of several targets carry their names. */
async function writeJunit(session: Session, name: string, verified: readonly Verified[], file: string): Promise<void> {
  const { junitXml } = await import('../../verify/junit.js');
  const cases = verified.flatMap(({ result }) =>
    result.cases.map((each) => ({ ...each, name: `${result.target}: ${each.name}` })),
  );
  const path = resolve(session.terminal.cwd, file);
  await asDiagnostic(path, () => writeFile(path, junitXml(`nanoc verify ${name}`, cases)));
}
