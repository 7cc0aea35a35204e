/** `nanoc run --sound`: a sound in, what the model says over time out of the simulator, and what it took. */
import { basename, resolve } from 'node:path';
import { readWav } from '../audio/wav.js';
import type { Compilation } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { grouped } from '../report/format.js';
import type { Heard, Hearing } from '../simulate/hearing.js';
import { compileSimulated } from './compile-simulated.js';
import { interruptible } from './interrupt.js';
import { oneTarget, resolveJob } from './job.js';
import { readSoundFile } from './model-file.js';
import type { CompileFlags } from './options.js';
import { withProgress } from './progress.js';
import { realValues } from './results.js';
import { printJson, type Session, say, showDiagnostics } from './session.js';
import { type SimulatorFlags, simulatorChoice } from './simulator-options.js';
import type { SoundFlags } from './sound-options.js';
import { stylesOf } from './terminal.js';

const CUTOFF = 0.5;

type Flags = CompileFlags & SimulatorFlags & SoundFlags;

/** @throws CompileError NC0740 when there is no front end, or the file is no sound that it takes */
export async function runSound(
  session: Session,
  flags: Flags,
  file: string,
  model: string | undefined,
): Promise<number> {
  const job = await resolveJob(session, model, flags);
  if (job.options.audio === undefined) {
    fail({
      code: 'NC0740',
      message: 'no audio front end is given',
      help: 'give --audio audio.json, or "audio" in nanoc.json',
    });
  }
  const target = oneTarget(job, flags);
  const compilation = await compileSimulated(session, job, target, flags);
  const bytes = readSoundFile(resolve(session.terminal.cwd, file));
  const { samples } = readWav(basename(file), bytes, compilation.audio!.frontEnd.sampleRate);
  const { runHearing } = await import('../simulate/hearing.js');
  const hearing = await interruptible((signal) =>
    withProgress(session, `listening on ${compilation.target.name}`, () =>
      runHearing(compilation, { samples, signal, ...simulatorChoice(flags) }),
    ),
  );
  showDiagnostics(session, compilation.diagnostics);
  const seconds = samples.length / compilation.audio!.frontEnd.sampleRate;
  if (session.json) await printJson(session, 'sound', asJson(compilation, hearing, seconds, flags.clock));
  else show(session, compilation, hearing, { ...flags, seconds });
  return EXIT.good;
}

/** What one inference says: the best of several scores, or a single one. */
interface Answer {
  readonly seconds: number;
  readonly output: string;
  readonly best: number;
  readonly score: number;
}

function answerOf(compilation: Compilation, { samples, outputs }: Heard): Answer | undefined {
  const seconds = samples / compilation.audio!.frontEnd.sampleRate;
  for (const [output, tensor] of outputs) {
    const real = realValues(tensor, compilation.reference.values.get(output)?.quantization);
    if (real === undefined) continue;
    const score = Math.max(...real);
    return { seconds, output, best: real.indexOf(score), score };
  }
  return undefined;
}

/** Inferences in a row that say the same. */
interface Stretch {
  readonly from: Answer;
  readonly to: Answer;
  /** The one with the highest score. */
  readonly peak: Answer;
}

function stretchesOf(answers: readonly Answer[], cutoff: number): Stretch[] {
  const stretches: Stretch[] = [];
  let before: Answer | undefined;
  for (const answer of answers.map((each) => (each.score >= cutoff ? each : undefined))) {
    const last = stretches.at(-1);
    if (answer !== undefined) {
      if (last !== undefined && before?.best === answer.best)
        stretches[stretches.length - 1] = {
          ...last,
          to: answer,
          peak: answer.score > last.peak.score ? answer : last.peak,
        };
      else stretches.push({ from: answer, to: answer, peak: answer });
    }
    before = answer;
  }
  return stretches;
}

function show(
  session: Session,
  compilation: Compilation,
  hearing: Hearing,
  { cutoff = CUTOFF, clock, seconds }: SoundFlags & { readonly seconds: number },
): void {
  const { terminal } = session;
  const answers = hearing.inferences.flatMap((heard) => answerOf(compilation, heard) ?? []);
  const stretches = stretchesOf(answers, cutoff);
  const time = (at: number) => `${at.toFixed(2)} s`.padStart(9);
  for (const { from, to, peak } of stretches) {
    const several = hearing.inferences.some(({ outputs }) => (outputs.get(peak.output)?.data.length ?? 0) > 1);
    const what = several ? `${peak.output}[${peak.best}]` : peak.output;
    terminal.out(
      `${time(from.seconds)} to ${time(to.seconds)}  ${what}  ${peak.score.toFixed(3)} at ${peak.seconds.toFixed(2)} s\n`,
    );
  }
  if (stretches.length === 0) {
    const highest = answers.reduce<Answer | undefined>(
      (best, each) => (each.score > (best?.score ?? -Infinity) ? each : best),
      undefined,
    );
    const what =
      highest === undefined
        ? ''
        : `; the highest score is ${highest.score.toFixed(3)} at ${highest.seconds.toFixed(2)} s`;
    terminal.out(`nothing is heard: no score reaches ${cutoff}${what}\n`);
  }
  const lines = [
    `${hearing.frames} frames and ${hearing.runs} inferences in ${seconds.toFixed(2)} s of sound`,
    ...costLines(hearing, seconds, clock),
  ];
  say(
    session,
    `\n${lines.join('\n')}\n${stylesOf(terminal).dim(`${hearing.simulator.name}: ${hearing.simulator.proves}`)}\n`,
  );
}

/** What front end and model take. */
interface Cost {
  readonly frame: number;
  readonly inference: number;
  readonly second: number;
  readonly most: number;
}

function costOf({ instructions, frames, runs }: Hearing, seconds: number): Cost | undefined {
  if (instructions === undefined || frames === 0) return undefined;
  const { frontEnd, all, most } = instructions;
  return {
    frame: Math.round(frontEnd / frames),
    inference: runs === 0 ? 0 : Math.round((all - frontEnd) / runs),
    second: Math.round(all / seconds),
    most,
  };
}

function costLines(hearing: Hearing, seconds: number, clock: number | undefined): string[] {
  const cost = costOf(hearing, seconds);
  if (cost === undefined) return [];
  return [
    `${grouped(cost.frame)} instructions a frame in the front end, ${grouped(cost.inference)} an inference; at most ${grouped(cost.most)} in one call`,
    `${grouped(cost.second)} instructions a second of sound${clock === undefined ? '' : `: ${share(cost.second, clock)} of ${clock / 1e6} MHz at one instruction a cycle`}`,
  ];
}

function share(perSecond: number, clock: number): string {
  return `${((100 * perSecond) / clock).toFixed(1)} %`;
}

function asJson(compilation: Compilation, hearing: Hearing, seconds: number, clock: number | undefined) {
  const { sampleRate } = compilation.audio!.frontEnd;
  const cost = costOf(hearing, seconds);
  return {
    ok: true,
    target: compilation.target.name,
    simulator: hearing.simulator,
    seconds,
    frames: hearing.frames,
    inferences: hearing.inferences.map(({ samples, outputs }) => ({
      seconds: samples / sampleRate,
      outputs: Object.fromEntries(
        [...outputs].map(([name, tensor]) => {
          const real = realValues(tensor, compilation.reference.values.get(name)?.quantization);
          const numbers = real ?? Array.from(tensor.data as Int32Array, Number);
          return [name, numbers.map((x) => (Number.isFinite(x) ? x : String(x)))];
        }),
      ),
    })),
    ...(cost === undefined
      ? {}
      : {
          instructions: { frame: cost.frame, inference: cost.inference, second: cost.second, mostInOneCall: cost.most },
          ...(clock === undefined ? {} : { clock, share: cost.second / clock }),
        }),
    diagnostics: compilation.diagnostics,
  };
}
