/** The forms of examples/nano-gpt: their models, what train.py measured, and the tokens that ONNX Runtime chose. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readModelFile } from '../compiler/cli/model-file.js';
import type { Compilation, CompileOptions } from '../compiler/compilation.js';
import { compile } from '../compiler/index.js';
import type { Tensor } from '../compiler/ir/tensor.js';
import type { RunResult, Vector } from '../compiler/simulate/run-result.js';
import { packageRoot } from '../compiler/toolchain/package-root.js';

export const NANO_GPT = join(packageRoot(), 'examples', 'nano-gpt');

/** Every form that train.py knows; those without figures in training.json have no model yet. */
export const FORMS = [
  'int8',
  'int4',
  'ternary',
  'pruned',
  'factorised',
  'distilled',
  'linear',
  'experts',
  'early-exit',
] as const;
export type Form = (typeof FORMS)[number];

const figures = z.strictObject({
  parameters: z.int().positive(),
  /** Nats a token of held-out text: of the model in PyTorch, and of the exported one by ONNX Runtime. */
  validationLossBefore: z.number(),
  validationLoss: z.number(),
  bitsPerByteBefore: z.number(),
  bitsPerByte: z.number(),
  /** Share of held-out tokens that leave at an early exit, in PyTorch. */
  leave: z.number().optional(),
});
export type Figures = z.infer<typeof figures>;

const training = z.strictObject({
  torch: z.string(),
  onnxruntime: z.string(),
  seed: z.int(),
  trainingTokens: z.int(),
  heldOutTokens: z.int(),
  heldOutBytes: z.int(),
  ...Object.fromEntries(FORMS.map((form) => [form, figures.optional()])),
});

const chosen = z.strictObject({
  tokens: z.array(z.int()),
  /** Between the two best logits of each choice. */
  gaps: z.array(z.number()),
});

const tokens = z.strictObject({
  prompt: z.strictObject({ text: z.string(), tokens: z.array(z.int()) }),
  ...Object.fromEntries(FORMS.map((form) => [form, chosen.optional()])),
});

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(NANO_GPT, file), 'utf8'));
}

/** Figures of the forms that have been trained, in the order of FORMS. */
export function trainedForms(): ReadonlyMap<Form, Figures> {
  const all = training.parse(read('training.json')) as Partial<Record<Form, Figures>>;
  return new Map(FORMS.flatMap((form) => (all[form] === undefined ? [] : [[form, all[form]]])));
}

export interface Choices {
  readonly prompt: readonly number[];
  /** What ONNX Runtime chose after the prompt: the most likely token, the first of equals. */
  readonly tokens: readonly number[];
  readonly gaps: readonly number[];
}

export function choicesOf(form: Form): Choices {
  const all = tokens.parse(read('tokens.json')) as z.infer<typeof tokens> & Partial<Record<Form, Choices>>;
  return { ...all[form]!, prompt: all.prompt.tokens };
}

export function modelOf(form: Form): string {
  return join(NANO_GPT, `nano-gpt-${form}.onnx`);
}

export function statesOf(form: Form): string[] {
  const parts = form === 'linear' ? ['state'] : ['key', 'value'];
  return parts.map((part) => `present_${part}=past_${part}`);
}

/** @param name prefix of the C symbols; by default the file's name */
export async function compileForm(
  form: Form,
  target: string,
  options: Pick<CompileOptions, 'name' | 'tokenizer'> = {},
): Promise<Compilation> {
  return compile(readModelFile(modelOf(form)), { target, states: statesOf(form), ...options });
}

/** One step for each token of the prompt and for each that ONNX Runtime chose, but the last: it is not read again. */
export function stepsOf({ prompt, tokens }: Choices): Vector[] {
  const integer = (value: number): Tensor => ({ dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(value)) });
  return [...prompt, ...tokens.slice(0, -1)].map(
    (token, position) =>
      new Map([
        ['token', integer(token)],
        ['pos', integer(position)],
      ]),
  );
}

/** Indices of ONNX Runtime's choices where logits of the steps say another token. */
export function differing({ prompt, tokens }: Choices, logits: readonly Float32Array[]): number[] {
  return tokens.flatMap((token, index) => (largest(logits[prompt.length - 1 + index]!) === token ? [] : [index]));
}

/** The first of the largest. */
function largest(logits: Float32Array): number {
  return logits.reduce((best, logit, index) => (logit > logits[best]! ? index : best), 0);
}

export function logitsOf({ steps }: RunResult): Float32Array[] {
  return steps.map(({ outputs }) => outputs.get('logits')!.data as Float32Array);
}
