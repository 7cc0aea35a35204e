/**
 * Running a language model on its target from a prompt to a text: the loop is the generated C (`<name>_text_next`), the text comes while it runs.
 *
 * Stimulus: sampling (nanoc_sampling), seed, number of tokens, bytes of the prompt (u32 each), prompt.
 * Response: for each call status (i32), token (u32), ticks (u64), bytes of text (u32), text; the first one is that of `<name>_text_begin`.
 */
import type { Compilation } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { totalMacs } from '../ir/kernel-call.js';
import { textEntries } from '../phases/6-emit/text.js';
import type { Sampling } from '../text/sampler.js';
import { promptTokens } from '../text/story.js';
import { linkedLibraries } from '../vendor/linked.js';
import { simulatedProgram, worldView } from './harness.js';
import { runOnce } from './once.js';
import { instructionsOf, modelSources } from './program.js';
import { type SimulatorChoice, simulatorFor } from './simulator.js';
import { mostInstructions, timeLimit } from './time-limit.js';

export interface StoryRequest {
  readonly prompt: Uint8Array;
  /** Tokens to make, besides those of the prompt; fewer where the model ends. */
  readonly tokens: number;
  readonly sampling: Sampling;
  readonly seed: number;
  readonly simulator?: SimulatorChoice;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Text as it comes. */
  readonly onText?: (text: string) => void;
}

export interface StoryStep {
  readonly token: number;
  readonly text: Uint8Array;
  /** Of the step that made it; absent for the first token, and where the simulator cannot count. */
  readonly instructions?: number;
}

export interface Story {
  /** Tokens of the prompt come first. */
  readonly steps: readonly StoryStep[];
  readonly promptTokens: number;
  /** All of it. */
  readonly text: string;
  readonly simulator: { readonly name: string; readonly proves: string };
}

/** @throws CompileError NC06xx, NC07xx; Error when the model was compiled without a tokenizer */
export async function runStory(compilation: Compilation, request: StoryRequest): Promise<Story> {
  const { target, text } = compilation;
  if (text === undefined) throw new Error('the model was compiled without a tokenizer');
  const prompt = promptTokens(text, request.prompt);
  checkRoom(request.prompt, textEntries(text));
  const simulator = simulatorFor(target, request.simulator);
  const view = { name: compilation.name, macro: compilation.name.toUpperCase(), ...worldView(target) };
  const files = [
    ...(await modelSources(compilation, undefined)),
    { path: 'story.c', content: simulatedProgram('story.c.hbs', view) },
  ];
  const entries = prompt.length + request.tokens;
  const most = timeLimit(simulator, entries, entries * mostInstructions(totalMacs(compilation.plan.calls)));
  const response = await runOnce(
    { simulator, target, files, libraries: linkedLibraries(compilation) },
    stimulusOf(request),
    {
      timeoutMs: request.timeoutMs ?? most,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(request.onText === undefined ? {} : { onText: request.onText }),
    },
  );
  const steps = readSteps(response).map(({ ticks, ...step }) => {
    const instructions = simulator.canCount && ticks > 0 ? instructionsOf(target, ticks) : undefined;
    return { ...step, ...(instructions === undefined ? {} : { instructions }) };
  });
  const { name, proves } = simulator;
  const whole = Buffer.concat(steps.map((step) => step.text)).toString('utf8');
  const made = steps.filter(({ token }) => token !== NONE);
  return { steps: made, promptTokens: prompt.length, text: whole, simulator: { name, proves } };
}

/** Where there is no token any more. */
const NONE = 0xffff;

function checkRoom(prompt: Uint8Array, entries: number): void {
  if (prompt.length <= entries) return;
  fail({
    code: 'NC0737',
    message: 'the text does not fit the model',
    because: `it has ${prompt.length} bytes, there is room for ${entries}`,
  });
}

function stimulusOf({ prompt, tokens, sampling, seed }: StoryRequest): Uint8Array {
  const head = Buffer.alloc(28);
  head.writeFloatLE(sampling.temperature, 0);
  head.writeUInt32LE(sampling.topK, 4);
  head.writeFloatLE(sampling.topP, 8);
  head.writeFloatLE(sampling.repetitionPenalty, 12);
  [seed >>> 0, tokens, prompt.length].forEach((word, index) => {
    head.writeUInt32LE(word, 16 + 4 * index);
  });
  return Buffer.concat([head, prompt]);
}

/** @throws CompileError NC0737, NC0703 when the program ended with a status that is an error */
function readSteps(response: Uint8Array): { token: number; ticks: number; text: Uint8Array }[] {
  const buffer = Buffer.from(response);
  const steps: { token: number; ticks: number; text: Uint8Array }[] = [];
  for (let at = 0; at < buffer.length; ) {
    const status = buffer.readInt32LE(at);
    if (status === -1)
      fail({ code: 'NC0737', message: 'the text does not fit the model', because: 'there is no room for its tokens' });
    if (status < 0) fail({ code: 'NC0703', message: `the text ended with status ${status}` }, EXIT.failed);
    const bytes = buffer.readUInt32LE(at + 16);
    const token = buffer.readUInt32LE(at + 4);
    const ticks = Number(buffer.readBigUInt64LE(at + 8));
    steps.push({
      token: status === 0 ? NONE : token,
      ticks,
      text: Uint8Array.from(buffer.subarray(at + 20, at + 20 + bytes)),
    });
    at += 20 + bytes;
  }
  return steps;
}
