/**
 * `npm run bench:language`: a nano language model from NANOC_MODELS or ../shared/models on simulated cores. Each step is given ONNX Runtime's
 * tokens (expected.json); what is printed are instructions a token, memory, and how many tokens differ. Flash is that of the firmware that
 * makes text: model, tokenizer, sampler and startup.
 *
 *     npm run bench:language -- qdq_int8 cortex-m4 cortex-m55
 *     npm run bench:language -- matmulnbits4 cortex-m4 --embedding emb.weight=tied --kv-cache int8
 *     npm run bench:language -- qdq_int8 cortex-m4 --embedding emb.weight=tied --optimize size
 *
 * `f32_grouped` is the model with GroupQueryAttention. `--logits` prints instead what each form of `--kv-cache` does to the logits, on this computer, whose bits are those of every core.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readModelFile, readTokenizerFile } from '../compiler/cli/model-file.js';
import { OPTIMIZE } from '../compiler/cli/options.js';
import { compile } from '../compiler/index.js';
import type { Tensor } from '../compiler/ir/tensor.js';
import { CACHE_FORMS } from '../compiler/ops/shared/cache-rows.js';
import type { KvCache } from '../compiler/phases/3-rewrite/pack-caches.js';
import { withProgram } from '../compiler/simulate/program.js';
import type { RunResult, Vector } from '../compiler/simulate/run-result.js';
import { runVectors } from '../compiler/simulate/session.js';
import { packageRoot } from '../compiler/toolchain/package-root.js';
import { textSizes } from '../compiler/toolchain/text-sizes.js';
import { groupedAttention } from './grouped-attention.js';

/** f32_grouped is f32 with GroupQueryAttention (grouped-attention.ts). */
const FORMS = ['qdq_int8', 'matmulnbits4', 'f32', 'f32_grouped'];
const STATES = ['present_key=past_key', 'present_value=past_value'];
const BEGIN = 1;
/** Positions of the cache; the first ones are averaged. */
const CONTEXT = 256;
const FIRST = 64;
/** A run of a whole context of float32 takes minutes. */
const TIMEOUT_MS = 1_800_000;

const folder = join(process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models'), 'nano-lm');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    embedding: { type: 'string' },
    'kv-cache': { type: 'string' },
    optimize: { type: 'string' },
    logits: { type: 'boolean' },
  },
});
const [optimize] = OPTIMIZE.filter((level) => level === (values.optimize ?? 'balanced'));
const [form = 'qdq_int8', ...named] = positionals;
const targets = named.length > 0 ? named : ['cortex-m4', 'cortex-m7', 'cortex-m55', 'rv32imc'];

if (!existsSync(folder)) console.log(`skipped: there is no ${folder} (NANOC_MODELS names it)`);
else if (!FORMS.includes(form)) throw new Error(`the forms are ${FORMS.join(', ')}`);
else if (optimize === undefined) throw new Error(`the levels of --optimize are ${OPTIMIZE.join(', ')}`);
else if (values.logits === true) await compareLogits(form);
else {
  console.log(
    '| form | target | instructions, first 64 | at position 255 | arena | state | flash | tokens that differ |',
  );
  console.log('|---|---|--:|--:|--:|--:|--:|--:|');
  for (const target of targets) console.log(await measure(form, target));
}

/** The steps of a whole context on a target. */
async function run(form: string, target: string, kvCache: string | undefined) {
  const { source, states } = modelOf(form);
  const compilation = await compile(source, {
    target,
    states,
    tokenizer: readTokenizerFile(join(folder, 'tokenizer.json')),
    ...(optimize === undefined ? {} : { optimize }),
    ...(values.embedding === undefined ? {} : { embeddings: [values.embedding] }),
    ...(kvCache === undefined ? {} : { kvCache: kvCache as KvCache }),
  });
  const expected: readonly number[] = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'))[
    form.replace(/_grouped$/, '')
  ].greedy_tokens;
  const { steps } = await withProgram(compilation, { timeoutMs: TIMEOUT_MS }, (program) =>
    runVectors(program, vectorsOf(expected), { timeoutMs: TIMEOUT_MS }),
  );
  return { compilation, expected, steps };
}

function modelOf(form: string) {
  const source = readModelFile(join(folder, `stories260k_${form.replace(/_grouped$/, '')}.onnx`));
  if (!form.endsWith('_grouped')) return { source, states: STATES };
  const { bytes, states } = groupedAttention(source.bytes);
  return { source: { ...source, bytes }, states };
}

async function measure(form: string, target: string): Promise<string> {
  const { compilation, expected, steps } = await run(form, target, values['kv-cache']);
  const counts = steps.map(({ instructions }) => instructions ?? Number.NaN);
  const average = counts.slice(0, FIRST).reduce((sum, count) => sum + count, 0) / FIRST;
  const { arenaBytes, stateBytes } = compilation.plan;
  const flash = (await textSizes(compilation))?.flash ?? Number.NaN;
  const numbers = [Math.round(average), counts.at(-1)!, arenaBytes, stateBytes, flash, differing(steps, expected)];
  return `| ${[form, target, ...numbers.map((number) => number.toLocaleString('en'))].join(' | ')} |`;
}

/** Against the same model with its float32 cache, over ONNX Runtime's tokens; the loss is theirs, in nats. */
async function compareLogits(form: string): Promise<void> {
  console.log('| form | cache | state | logits, largest (root mean square) | tokens that differ | loss |');
  console.log('|---|---|--:|--:|--:|--:|');
  const plain = await run(form, 'host', 'f32');
  for (const kvCache of ['f32', ...CACHE_FORMS]) {
    const { compilation, expected, steps } = kvCache === 'f32' ? plain : await run(form, 'host', kvCache);
    const changes = expected.flatMap((_, i) => {
      const [own, before] = [steps, plain.steps].map((each) => logitsOf(each, i)) as [Float32Array, Float32Array];
      return [...own].map((logit, token) => logit - before[token]!);
    });
    const largest = changes.reduce((most, change) => Math.max(most, Math.abs(change)), 0);
    const mean = Math.sqrt(changes.reduce((sum, change) => sum + change ** 2, 0) / changes.length);
    const loss = expected.reduce((sum, token, i) => sum + lossOf(logitsOf(steps, i), token), 0) / expected.length;
    const logits = `${largest.toPrecision(2)} (${mean.toPrecision(2)})`;
    const state = compilation.plan.stateBytes.toLocaleString('en');
    console.log(`| ${[form, kvCache, state, logits, differing(steps, expected), loss.toFixed(4)].join(' | ')} |`);
  }
}

function logitsOf(steps: RunResult['steps'], step: number): Float32Array {
  return steps[step]!.outputs.get('logits')!.data as Float32Array;
}

function lossOf(logits: Float32Array, token: number): number {
  const highest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  return highest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0)) - logits[token]!;
}

/** Behind the tokens that ONNX Runtime gave stands the beginning again: what a step takes hardly depends on it. */
function vectorsOf(expected: readonly number[]): Vector[] {
  const integer = (value: number): Tensor => ({ dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(value)) });
  const tokens = [BEGIN, ...expected];
  return Array.from(
    { length: CONTEXT },
    (_, position) =>
      new Map([
        ['token', integer(tokens[position] ?? tokens[position - expected.length]!)],
        ['pos', integer(position)],
      ]),
  );
}

function differing(steps: RunResult['steps'], expected: readonly number[]): number {
  return expected.filter((token, position) => {
    const logits = logitsOf(steps, position);
    return logits.reduce((best, logit, index) => (logit > logits[best]! ? index : best), 0) !== token;
  }).length;
}
