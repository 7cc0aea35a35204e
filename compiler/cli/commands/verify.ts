import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Diagnostic, EXIT } from '../../diagnostics/diagnostic.js';
import type { VerifyResult } from '../../verify/result.js';
import { defineCommand } from '../command.js';
import { interruptible } from '../interrupt.js';
import { allTargets, type Job, resolveJob } from '../job.js';
import { type CompileFlags, declareCompile, declareModel } from '../options.js';
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
  ],
  declare: (command) => {
    declareModel(command);
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
  run: async (session, flags, [model]) => {
    const job = await resolveJob(session, model, flags);
    const verified: Verified[] = [];
    for (const target of allTargets(job)) {
      const one = await verifyOne(session, job, target, flags);
      verified.push(one);
      if (session.json) continue;
      const { renderVerification } = await import('../verify-text.js');
      if (verified.length === 1) showDiagnostics(session, one.diagnostics);
      // A failure is what was asked for, even with --quiet.
      const text = `${verified.length > 1 ? '\n' : ''}${renderVerification(session.terminal, one.result)}`;
      if (session.quiet && !passed(one.result, flags)) session.terminal.out(text);
      else say(session, text);
    }
    if (flags.junit !== undefined) await writeJunit(session, job, verified, flags.junit);
    const ok = verified.every(({ result }) => passed(result, flags));
    if (session.json)
      await printJson(session, 'verify', {
        ok,
        results: verified.map(({ result, diagnostics }) => ({ ...result, diagnostics })),
      });
    return ok ? EXIT.good : EXIT.failed;
  },
});

function passed(result: VerifyResult, { strict }: Flags): boolean {
  const differing = (result.expected?.differing ?? 0) + (result.onnxRuntime?.differing ?? 0);
  return result.passed && (strict !== true || differing === 0);
}

async function verifyOne(session: Session, job: Job, target: string, flags: Flags): Promise<Verified> {
  const { onProof } = await import('../../simulate/proof.js');
  const chosen = await simulatedJob(job, target, flags);
  const proven = await compileProven(session, chosen, target, flags.prove ?? 'vendor');
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
async function writeJunit(session: Session, job: Job, verified: readonly Verified[], file: string): Promise<void> {
  const { junitXml } = await import('../../verify/junit.js');
  const cases = verified.flatMap(({ result }) =>
    result.cases.map((each) => ({ ...each, name: `${result.target}: ${each.name}` })),
  );
  const path = resolve(session.terminal.cwd, file);
  await asDiagnostic(path, () => writeFile(path, junitXml(`nanoc verify ${job.source.fileName}`, cases)));
}
