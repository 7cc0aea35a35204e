/**
 * A nano language model as its exporters wrote it, from NANOC_MODELS or ../shared/models: 200 greedy tokens of ONNX Runtime, one by
 * one. Each step is given ONNX Runtime's tokens, so that one that differs does not hide the next.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRunner } from '../../compiler/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';

const folder = join(process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models'), 'nano-lm');
const BEGIN = 1;

interface Expected {
  readonly greedy_tokens: readonly number[];
  /** Between the two best logits of each step. */
  readonly top2_gap: readonly number[];
}

/**
 * `logits`: how far logits may be from ONNX Runtime's. Activations of the 4-bit form become int8 (accuracy_level 4), so that the last
 * bit of a float sum can move one of them by a step, and the layers behind it with it: 0.29 were measured.
 */
const forms = [
  { form: 'f32', logits: 2e-5, differing: [] },
  { form: 'qdq_int8', logits: 1e-5, differing: [] },
  { form: 'matmulnbits4', logits: 0.3, differing: [34] },
];

/** The first of the largest. */
function indexOfLargest(logits: Float32Array): number {
  return logits.reduce((best, logit, index) => (logit > logits[best]! ? index : best), 0);
}

describe.skipIf(!existsSync(folder))('stories260k', () => {
  it.each(forms)('$form: 200 greedy tokens on the host', async ({ form, logits: bound, differing }) => {
    const expected: Expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'))[form];
    const runner = await createRunner({
      model: join(folder, `stories260k_${form}.onnx`),
      target: 'host',
      options: { states: ['present_key=past_key', 'present_value=past_value'] },
    });
    const others: number[] = [];
    let token = BEGIN;
    for (const [position, best] of expected.greedy_tokens.entries()) {
      const inputs = { token: BigInt64Array.of(BigInt(token)), pos: BigInt64Array.of(BigInt(position)) };
      const { logits } = await runner.invoke(inputs);
      if (indexOfLargest(logits as Float32Array) !== best) others.push(position);
      token = best;
    }
    await runner.close();
    expect(others).toEqual(differing);
    for (const position of others) expect(expected.top2_gap[position]).toBeLessThan(bound);
  });
});
