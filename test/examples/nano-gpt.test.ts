/**
 * examples/nano-gpt: each form chooses the tokens that ONNX Runtime chose, on the host and on simulated cores, and its firmware writes
 * them. Every step is given ONNX Runtime's tokens, so that one that differs does not hide the next.
 */
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  type Choices,
  choicesOf,
  compileForm,
  differing,
  type Form,
  logitsOf,
  modelOf,
  NANO_GPT,
  stepsOf,
  trainedForms,
} from '../../bench/nano-gpt.js';
import { checkBudgets } from '../../compiler/cli/budgets.js';
import { loadConfig } from '../../compiler/cli/config.js';
import { readTokenizerFile } from '../../compiler/cli/model-file.js';
import { emitFiles } from '../../compiler/index.js';
import { makeReport } from '../../compiler/report/index.js';
import { runModel } from '../../compiler/simulate/session.js';
import { measure } from '../../compiler/toolchain/measure.js';
import { HOW_TO_UPDATE, readPart, UPDATE, writePart } from './expected.js';
import { HAS_CMAKE, runGenerated } from './firmware.js';

const forms = [...trainedForms().keys()];
const FULL = process.env.NANOC_FULL === '1';

describe('example nano-gpt', () => {
  it('has the forms that train.py has measured', () => {
    expect(forms).toContain('int8');
  });

  it.each(forms)('%s: ONNX Runtime chooses the tokens of tokens.json', async (form) => {
    const choices = choicesOf(form);
    expect(choices.tokens.length).toBeGreaterThanOrEqual(90);
    expect(differing(choices, await runOnnx(form, choices))).toEqual([]);
  });

  it.each(forms)('%s: the compiled model chooses them on the host', async (form) => {
    await expectTokens(form, 'host');
  });

  it.each(FULL ? forms : (['int8'] as const))('%s: and on a Cortex-M4', async (form) => {
    await expectTokens(form, 'cortex-m4');
  });

  it('stays within the budgets of its nanoc.json', async () => {
    const { maxRam, maxFlash, maxStack, maxInstructions } = loadConfig(NANO_GPT)!;
    const compilation = await compileForm('int8', 'cortex-m4');
    const measured = await measure(compilation, { vectors: stepsOf(choicesOf('int8')).slice(0, 64) });
    const limits = {
      maxRam: maxRam!,
      maxFlash: maxFlash!,
      maxStack: maxStack!,
      maxInstructions: maxInstructions!,
    };
    expect(Object.values(limits)).not.toContain(undefined);
    expect(checkBudgets(limits, makeReport(compilation, measured))).toEqual([]);
  });

  it.skipIf(!HAS_CMAKE)(
    'has a firmware that builds without a warning and answers prompts on the serial line as the README shows',
    async () => {
      const { model: _, ...config } = loadConfig(NANO_GPT)!;
      const tokenizer = readTokenizerFile(join(NANO_GPT, 'tokenizer.json'));
      const compilation = await compileForm('int8', String(config.target), { name: config.name!, tokenizer });
      const files = await emitFiles(compilation);
      const typed = 'And the king said\nIn the beginning\n\n';
      const { build, serial } = await runGenerated(NANO_GPT, 'nano_gpt_demo', compilation.target, files, typed);
      expect(build).not.toMatch(/warning/i);
      const part = `\`\`\`text\n${serial}\`\`\`\n`;
      const readme = join(NANO_GPT, 'README.md');
      if (UPDATE) writePart(readme, 'output', part);
      expect(readPart(readme, 'output'), HOW_TO_UPDATE).toBe(part);
    },
  );
});

/**
 * Choices of the compiled model that differ, with what ONNX Runtime's two best logits may be apart there (steps of 0.098).
 * distilled: at the tenth step one byte of layers.1.attention_norm is 68 by our order of the sum of squares and 67 by ONNX Runtime's,
 * which pass on different sides of a half (docs/NUMERICS.md); the cache keeps it. It is the one of 66,979 integers of 11 steps.
 */
const CLOSE: Partial<Record<Form, { readonly gap: number; readonly choices: readonly number[] }>> = {
  distilled: { gap: 0.1, choices: [1, 32, 43, 52, 71, 85] },
};

function expectSame(form: Form, choices: Choices, logits: readonly Float32Array[]): void {
  const { gap, choices: listed } = CLOSE[form] ?? { gap: 0, choices: [] };
  const others = differing(choices, logits);
  expect(others).toEqual(listed);
  for (const index of others) expect(choices.gaps[index], `choice ${index}`).toBeLessThan(gap);
}

async function expectTokens(form: Form, target: string): Promise<void> {
  const choices = choicesOf(form);
  const result = await runModel(await compileForm(form, target), stepsOf(choices), { timeoutMs: 120_000 });
  expectSame(form, choices, logitsOf(result));
}

/** Logits of each step, with the states of the step before. */
async function runOnnx(form: Form, choices: Choices): Promise<Float32Array[]> {
  const session = await InferenceSession.create(modelOf(form), { logSeverityLevel: 3 });
  const states = new Map<string, OrtTensor>();
  for (const input of session.inputMetadata) {
    if (!input.name.startsWith('past_') || !input.isTensor) continue;
    const shape = input.shape as number[];
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    states.set(input.name, new OrtTensor('float32', new Float32Array(size), shape));
  }
  const logits: Float32Array[] = [];
  for (const vector of stepsOf(choices)) {
    const integers = [...vector].filter(([name]) => session.inputNames.includes(name));
    const feeds = integers.map(([name, { data }]): [string, OrtTensor] => [
      name,
      new OrtTensor('int64', data as BigInt64Array, [1]),
    ]);
    const results = await session.run(Object.fromEntries([...feeds, ...states]));
    for (const name of states.keys()) states.set(name, results[name.replace('past_', 'present_')] as OrtTensor);
    logits.push(results.logits!.data as Float32Array);
  }
  await session.release();
  return logits;
}
