/** `nanoc run --text`: a prompt in, text out as it comes from the simulator, and what it took. */
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { grouped } from '../report/format.js';
import type { Story } from '../simulate/story.js';
import { compileSimulated } from './compile-simulated.js';
import { interruptible } from './interrupt.js';
import { oneTarget, resolveJob } from './job.js';
import type { CompileFlags } from './options.js';
import { printJson, type Session, say, showDiagnostics } from './session.js';
import { type SimulatorFlags, simulatorChoice } from './simulator-options.js';
import { stylesOf } from './terminal.js';
import { samplingOf, type TextFlags } from './text-options.js';

const TOKENS = 64;

type Flags = CompileFlags & SimulatorFlags & TextFlags & { readonly seed?: number };

/** @throws CompileError NC0737 when there is no tokenizer */
export async function runText(
  session: Session,
  flags: Flags,
  prompt: string,
  model: string | undefined,
): Promise<number> {
  const job = await resolveJob(session, model, flags);
  if (job.options.tokenizer === undefined) {
    fail({
      code: 'NC0737',
      message: 'no tokenizer is given',
      help: 'give --tokenizer tokenizer.json, or "tokenizer" in nanoc.json',
    });
  }
  const target = oneTarget(job, flags);
  const compilation = await compileSimulated(session, job, target, flags);
  // What the layers cost is told by nanoc build; here only what the text depends on.
  showDiagnostics(
    session,
    compilation.diagnostics.filter(({ severity }) => severity === 'note'),
  );
  const { runStory } = await import('../simulate/story.js');
  const { textSizes } = await import('../toolchain/text-sizes.js');
  const { story, sizes } = await interruptible(async (signal) => ({
    story: await runStory(compilation, {
      prompt: Buffer.from(prompt),
      tokens: flags.tokens ?? TOKENS,
      sampling: samplingOf(flags),
      seed: flags.seed ?? 1,
      signal,
      ...(session.json ? {} : { onText: (text: string) => session.terminal.out(text) }),
      ...simulatorChoice(flags),
    }),
    sizes: await textSizes(compilation, signal),
  }));
  if (session.json) await printJson(session, 'text', asJson(compilation, story, sizes));
  else show(session, story, sizes);
  return EXIT.good;
}

/** Of steps of the model, the prompt's included. */
function meanInstructions({ steps }: Story): number | undefined {
  const counts = steps.flatMap(({ instructions }) => instructions ?? []);
  return counts.length === 0 ? undefined : Math.round(counts.reduce((sum, count) => sum + count, 0) / counts.length);
}

function show(session: Session, story: Story, sizes: { flash: number; ram: number } | undefined): void {
  const { promptTokens, steps, simulator } = story;
  const mean = meanInstructions(story);
  const lines = [
    `${steps.length - promptTokens} tokens after ${promptTokens} of the prompt`,
    ...(mean === undefined ? [] : [`${grouped(mean)} instructions a token, sampler and text included`]),
    ...(sizes === undefined
      ? []
      : [`flash ${grouped(sizes.flash)} bytes, RAM ${grouped(sizes.ram)} bytes besides the stack`]),
  ];
  session.terminal.out('\n');
  say(session, `\n${lines.join('\n')}\n${stylesOf(session.terminal).dim(`${simulator.name}: ${simulator.proves}`)}\n`);
}

function asJson(
  { target, diagnostics }: { target: { name: string }; diagnostics: readonly unknown[] },
  story: Story,
  sizes: { flash: number; ram: number } | undefined,
) {
  const mean = meanInstructions(story);
  return {
    ok: true,
    target: target.name,
    simulator: story.simulator,
    text: story.text,
    promptTokens: story.promptTokens,
    tokens: story.steps.map(({ token, instructions }) => ({
      token,
      ...(instructions === undefined ? {} : { instructions }),
    })),
    ...(mean === undefined ? {} : { instructions: mean }),
    ...(sizes ?? {}),
    diagnostics,
  };
}
