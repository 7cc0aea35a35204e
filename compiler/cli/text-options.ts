/** Options of `nanoc run --text`; `--seed` is that of random vectors too. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { GREEDY, type Sampling } from '../text/sampler.js';
import { wholeNumber } from './options.js';

export const SAMPLERS = ['greedy', 'random'] as const;

export interface TextFlags {
  readonly text?: string;
  readonly tokens?: number;
  readonly sampler?: (typeof SAMPLERS)[number];
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
}

const real = (lowest: number, highest: number) => (text: string) => {
  const number = Number(text);
  if (text.trim() !== '' && number >= lowest && number <= highest) return number;
  throw new InvalidArgumentError(`expected a number from ${lowest} to ${highest}.`);
};

export function declareText(command: Command): void {
  command
    .option('--text <prompt>', 'go on with this text, token by token (needs --tokenizer)')
    .option('--tokens <n>', 'with --text: tokens to make (default: 64)', wholeNumber(1))
    .addOption(
      new Option('--sampler <how>', 'with --text: the best token, or a random one (default: greedy)').choices(SAMPLERS),
    )
    .option('--temperature <t>', 'random sampler: what logits are divided by (default: 1)', real(0.01, 100))
    .option('--top-k <k>', 'random sampler: only the best k tokens', wholeNumber(1))
    .option('--top-p <p>', 'random sampler: the fewest tokens of this probability', real(0, 1))
    .option('--repetition-penalty <x>', 'with --text: for tokens that were there (default: 1, none)', real(0.1, 10));
}

/** Any option of the random sampler chooses it, unless `--sampler greedy` does not want it. */
export function samplingOf(flags: TextFlags): Sampling {
  const { temperature, topK, topP, repetitionPenalty = GREEDY.repetitionPenalty } = flags;
  const random = [temperature, topK, topP].some((value) => value !== undefined);
  if ((flags.sampler ?? (random ? 'random' : 'greedy')) === 'greedy') return { ...GREEDY, repetitionPenalty };
  return { temperature: temperature ?? 1, topK: topK ?? 0, topP: topP ?? 1, repetitionPenalty };
}
