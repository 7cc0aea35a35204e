/** Options of `nanoc run --sound`. */
import { type Command, InvalidArgumentError } from 'commander';
import { parseHertz } from './numbers.js';

export interface SoundFlags {
  readonly sound?: string;
  readonly cutoff?: number;
  /** Hz. */
  readonly clock?: number;
}

export function declareSound(command: Command): void {
  command
    .option('--sound <file>', 'WAV for the audio front end: what the model says over time (needs --audio)')
    .option('--cutoff <score>', 'with --sound: the score from which on something is heard (default: 0.5)', real)
    .option('--clock <hz>', 'with --sound: clock of the core, e.g. 64MHz: what share of it the sound takes', hertz);
}

function real(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('expected a number.');
}

function hertz(text: string): number {
  const number = parseHertz(text);
  if (number !== undefined && number > 0) return number;
  throw new InvalidArgumentError('expected a frequency, such as 64MHz.');
}
