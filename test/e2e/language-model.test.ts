/** A nano language model as its exporters wrote it, from NANOC_MODELS or ../shared/models: the tokens of ONNX Runtime, one by one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRunner } from '../../compiler/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';

const folder = join(process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models'), 'nano-lm');
const BEGIN = 1;

/** The first of the largest. */
function indexOfLargest(logits: Float32Array): number {
  return logits.reduce((best, logit, index) => (logit > logits[best]! ? index : best), 0);
}

describe.skipIf(!existsSync(folder))('stories260k', () => {
  it.each(['f32', 'qdq_int8'])('%s: 200 greedy tokens on the host', async (form) => {
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'))[form].greedy_tokens as number[];
    const runner = await createRunner({
      model: join(folder, `stories260k_${form}.onnx`),
      target: 'host',
      options: { states: ['present_key=past_key', 'present_value=past_value'] },
    });
    const tokens: number[] = [];
    for (const position of expected.keys()) {
      const token = BigInt64Array.of(BigInt(tokens.at(-1) ?? BEGIN));
      const { logits } = await runner.invoke({ token, pos: BigInt64Array.of(BigInt(position)) });
      tokens.push(indexOfLargest(logits as Float32Array));
    }
    await runner.close();
    expect(tokens).toEqual(expected);
  });
});
