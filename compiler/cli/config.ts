/** `nanoc.json` beside a model: options and budgets. What the command line says wins. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../diagnostics/diagnostic.js';
import { suggestion } from '../diagnostics/suggest.js';
import { parseStream, STREAM_FORM, type StreamOptions } from '../stream/options.js';
import { parseBytes, parseCount } from './numbers.js';
import { CONFIG_FILE, KERNELS, KV_CACHES, OPTIMIZE, ROUNDINGS } from './options.js';

const bytes = quantity(parseBytes, 'bytes, such as 65536 or "64 KB"');
const count = quantity(parseCount, 'a number, such as 2500000 or "2.5M"');

/** Unknown keys are errors: a budget with a misspelt name would never be checked. */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  /** File name of the model, beside nanoc.json; without it the options hold for every model of the folder. */
  model: z.string().min(1).optional(),
  /** Models that share one arena: .onnx files or folders with a nanoc.json of their own, relative to this one. */
  models: z.array(z.string().min(1)).min(2).optional(),
  /** Prefix of every C symbol. */
  name: z.string().min(1).optional(),
  target: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** Sizes of symbolic dimensions. */
  dims: z.record(z.string(), z.int().min(1)).optional(),
  /** `output=input[:value]`. */
  states: z.array(z.string()).optional(),
  /** `time=AXIS[,hop=ROWS][,pads=window|history]`. */
  stream: z.string().transform(streamOption).optional(),
  /** `table=int8` or `table=tied`. */
  embeddings: z.array(z.string()).optional(),
  /** Form of float32 key-value caches. */
  kvCache: z.enum(KV_CACHES).optional(),
  kernels: z.enum(KERNELS).optional(),
  /** Folder of a copy of CMSIS-NN, relative to nanoc.json. */
  cmsisNn: z.string().min(1).optional(),
  /** How it is built to round. */
  cmsisNnRounding: z.enum(ROUNDINGS).optional(),
  /** Folder of a copy of ESP-NN, relative to nanoc.json. */
  espNn: z.string().min(1).optional(),
  optimize: z.enum(OPTIMIZE).optional(),
  /** tokenizer.json of a language model, relative to nanoc.json. */
  tokenizer: z.string().min(1).optional(),
  /** Configuration of an image front end, relative to nanoc.json. */
  image: z.string().min(1).optional(),
  /** Parameters of an audio front end, relative to nanoc.json. */
  audio: z.string().min(1).optional(),
  /** Output folder, relative to nanoc.json. */
  output: z.string().min(1).optional(),
  /** Fast RAM for the constants that are read most. */
  fastRam: bytes.optional(),
  maxRam: bytes.optional(),
  maxFlash: bytes.optional(),
  maxStack: bytes.optional(),
  maxInstructions: count.optional(),
});

export type Config = z.infer<typeof configSchema>;

/**
 * Reads nanoc.json of a folder; undefined when there is none.
 * @throws CompileError NC0803 when it is not JSON or does not fit the schema
 */
export function loadConfig(folder: string): Config | undefined {
  const path = join(folder, CONFIG_FILE);
  if (!existsSync(path)) return undefined;
  const parsed = configSchema.safeParse(parseJson(path));
  if (parsed.success) return parsed.data;
  return fail({
    code: 'NC0803',
    message: `${path} is not right: ${parsed.error.issues.length} ${parsed.error.issues.length === 1 ? 'problem' : 'problems'}`,
    because: parsed.error.issues.map(describeIssue).join('\n'),
    ...misspelt(parsed.error.issues),
  });
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return fail({ code: 'NC0803', message: `${path} cannot be read`, because: (error as Error).message });
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `it has no option ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  return `${issue.path.length === 0 ? 'the document' : `"${issue.path.join('.')}"`}: ${issue.message}`;
}

function misspelt(issues: readonly z.core.$ZodIssue[]): { help?: string } {
  const known = Object.keys(configSchema.shape);
  const keys = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const found = keys.map((key) => suggestion(key, known).help).find((help) => help !== undefined);
  if (found !== undefined) return { help: found };
  return keys.length === 0 ? {} : { help: `it may have ${known.join(', ')}` };
}

function streamOption(text: string, context: z.RefinementCtx): StreamOptions {
  const parsed = parseStream(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: STREAM_FORM });
  return z.NEVER;
}

/** A non-negative number, or text with a unit. */
function quantity(parse: (text: string) => number | undefined, what: string) {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const number = typeof value === 'number' ? value : parse(value);
    if (number !== undefined && Number.isSafeInteger(number) && number >= 0) return number;
    context.addIssue({ code: 'custom', message: `expected ${what}` });
    return z.NEVER;
  });
}
