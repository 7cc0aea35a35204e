/** Options that several commands share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseStream, STREAM_FORM, type StreamOptions } from '../stream/options.js';
import { parseBytes, parseCount } from './numbers.js';

export const CONFIG_FILE = 'nanoc.json';
export const KERNELS = ['auto', 'native', 'cmsis-nn', 'esp-nn', 'portable'] as const;
export const ROUNDINGS = ['single', 'double'] as const;
export const KV_CACHES = ['f32', 'f16', 'int8', 'int4'] as const;
export const OPTIMIZE = ['size', 'speed', 'balanced'] as const;

/** Options that decide what is compiled. */
export interface CompileFlags {
  readonly target?: readonly string[];
  readonly dim?: Readonly<Record<string, number>>;
  readonly state?: readonly string[];
  readonly stream?: StreamOptions;
  readonly embedding?: readonly string[];
  readonly kvCache?: (typeof KV_CACHES)[number];
  readonly kernels?: (typeof KERNELS)[number];
  /** Folder of a copy of CMSIS-NN. */
  readonly cmsisNn?: string;
  readonly cmsisNnRounding?: (typeof ROUNDINGS)[number];
  /** Folder of a copy of ESP-NN. */
  readonly espNn?: string;
  readonly optimize?: (typeof OPTIMIZE)[number];
  readonly name?: string;
  /** tokenizer.json of a language model. */
  readonly tokenizer?: string;
  /** Configuration of an image front end. */
  readonly image?: string;
  /** Parameters of the audio front end of a model that hears. */
  readonly audio?: string;
  /** Bytes of RAM to fit into. */
  readonly ram?: number;
  /** Bytes of fast RAM for constants. */
  readonly fastRam?: number;
  /** Table of nanoc tune; false: none, not even the one beside the model. */
  readonly tune?: string | false;
}

export interface BudgetFlags {
  readonly maxRam?: number;
  readonly maxFlash?: number;
  readonly maxStack?: number;
  readonly maxInstructions?: number;
}

export function declareModel(command: Command): void {
  command.argument('[model]', 'ONNX file, or a folder with a nanoc.json that names one (default: this folder)');
}

/** Of commands that take several models that share one arena. */
export function declareModels(command: Command): void {
  command.argument(
    '[models...]',
    'ONNX file, or a folder with a nanoc.json that names one (default: this folder); several share one arena',
  );
}

export function declareTarget(command: Command): void {
  command.option('--target <name>', 'core to compile for; may be given again (see nanoc targets)', appendNames);
}

export function declareCompile(command: Command): void {
  declareTarget(command);
  command
    .option('--dim <name=n>', 'size of a symbolic dimension', appendDimension)
    .option('--state <out=in[:value]>', 'keep output `out` as input `in` of the next step, reset to value', appendText)
    .option(
      '--stream <time=axis>',
      'take a step of rows along time instead of a window; time=auto[,hop=n][,pads=history]',
      stream,
    )
    .option('--embedding <table=form>', 'read rows of a float table from int8 rows, or from tied weights', appendText)
    .addOption(new Option('--kv-cache <form>', 'keep float32 key-value caches in fewer bits').choices(KV_CACHES))
    .addOption(new Option('--kernels <family>', 'kernels to choose from').choices(KERNELS))
    .option('--cmsis-nn <dir>', 'your copy of CMSIS-NN (default: CMSIS_NN_PATH, or the pack ARM.CMSIS-NN)')
    .addOption(
      new Option('--cmsis-nn-rounding <how>', 'how CMSIS-NN is built to round (default: single)').choices(ROUNDINGS),
    )
    .option('--esp-nn <dir>', 'your copy of ESP-NN (default: ESP_NN_PATH, or managed_components/espressif__esp-nn)')
    .addOption(new Option('--optimize <what>', 'what the compiler aims at').choices(OPTIMIZE))
    .option('--ram <bytes>', 'fit into so much RAM, in bands of rows where it takes them, e.g. 24000', bytes)
    .option('--fast-ram <bytes>', 'copy the constants that are read most into so much fast RAM, e.g. 32K', bytes)
    .option('--name <name>', 'prefix of every C symbol (default: from the file name)')
    .option('--tokenizer <file>', 'tokenizer.json of a language model: text in and out in C as well')
    .option('--image <file>', 'image.json: a camera, crop, resize, normalisation: frames to input in C as well')
    .option('--audio <file>', 'audio.json: window, spectrum, mel channels: samples to input in C as well')
    .option('--tune <file>', 'kernels that nanoc tune chose (default: <model>.tune.json beside the model)')
    .option('--no-tune', 'leave out the table of nanoc tune');
}

export function declareBudgets(command: Command): void {
  command
    .option('--max-ram <bytes>', 'fail when the model needs more RAM, e.g. 16K', bytes)
    .option('--max-flash <bytes>', 'fail when code and constants are larger', bytes)
    .option('--max-stack <bytes>', 'fail when the stack may grow deeper', bytes)
    .option('--max-instructions <n>', 'fail when an inference takes more instructions, e.g. 2.5M', instructions);
}

export function appendText(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

function appendNames(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',').filter((name) => name !== '');
  if (names.length === 0) throw new InvalidArgumentError('expected a name.');
  return [...new Set([...before, ...names])];
}

function appendDimension(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const match = /^(.+)=(\d+)$/.exec(text);
  const size = Number(match?.[2]);
  if (match === null || !Number.isSafeInteger(size) || size < 1) {
    throw new InvalidArgumentError('expected name=n with n from 1 up, such as batch=1.');
  }
  return Object.fromEntries([...Object.entries(before), [match[1]!, size]]);
}

function stream(text: string): StreamOptions {
  return parsed(parseStream(text), STREAM_FORM);
}

function bytes(text: string): number {
  return parsed(parseBytes(text), 'expected bytes, such as 65536 or 64K.');
}

function instructions(text: string): number {
  return parsed(parseCount(text), 'expected a number, such as 2500000 or 2.5M.');
}

/** A whole number from `lowest` up, for options such as --count. */
export function wholeNumber(lowest: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return parsed(
      number >= lowest && Number.isSafeInteger(number) ? number : undefined,
      `expected a whole number from ${lowest} up.`,
    );
  };
}

function parsed<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new InvalidArgumentError(message);
  return value;
}
