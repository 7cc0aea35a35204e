/** `nanoc run --text`: the loop on the device against the same loop by the references, and the text as it comes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../compiler/text/decode.js';
import { encode } from '../../compiler/text/encode.js';
import { parseTokenizer } from '../../compiler/text/parse.js';
import { GREEDY, Random, type Sampling, sample } from '../../compiler/text/sampler.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { codesIn, nanoc } from '../support/command-line.js';
import { buildModel } from '../support/onnx-builder.js';
import { workFolder } from '../support/work-folder.js';

const expectedFolder = join(packageRoot(), 'test/text/expected');
const tokenizerPath = join(expectedFolder, 'unfused.json');
const tokenizer = parseTokenizer({ fileName: 'unfused.json', text: readFileSync(tokenizerPath, 'utf8') });
const TOKENS = tokenizer.pieces.length;

/** What follows which token: a table of random logits. */
function table(): Float32Array {
  const random = new Random(5);
  return Float32Array.from({ length: TOKENS * TOKENS }, () => (random.next() / 2 ** 32) * 12);
}

/** A model that knows the last token only, and has no state. */
function bigrams(): Uint8Array {
  return buildModel({
    inputs: [{ name: 'token', dtype: 'int64', shape: [1] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: [1, TOKENS] }],
    initializers: [{ name: 'table', tensor: { dtype: 'float32', shape: [TOKENS, TOKENS], data: table() } }],
    nodes: [{ op: 'Gather', inputs: ['table', 'token'], outputs: ['logits'], attributes: { axis: 0 } }],
  });
}

function story(prompt: string, count: number, how: Sampling, seed: number): { tokens: number[]; text: string } {
  const random = new Random(seed);
  const logits = table();
  const tokens = encode(tokenizer, Buffer.from(prompt));
  for (let made = 0; made < count; made += 1) {
    const last = tokens.at(-1)!;
    const next = sample(how, random, logits.slice(last * TOKENS, (last + 1) * TOKENS), tokens);
    if (tokenizer.stops.includes(next)) break;
    tokens.push(next);
  }
  return { tokens, text: decode(tokenizer, tokens) };
}

interface Printed {
  readonly text: string;
  readonly tokens: readonly { readonly token: number; readonly instructions?: number }[];
  readonly instructions?: number;
  readonly flash?: number;
  readonly ram?: number;
}

describe('text in and out', () => {
  const work = workFolder();
  const how: Sampling = { temperature: 0.8, topK: 50, topP: 0.9, repetitionPenalty: 1.2 };
  const drawn = [
    '--temperature',
    '0.8',
    '--top-k',
    '50',
    '--top-p',
    '0.9',
    '--repetition-penalty',
    '1.2',
    '--seed',
    '9',
  ];

  it.each(['host', 'cortex-m0', 'cortex-m4', 'rv32imc'])('%s: tokens and text of the reference', async (target) => {
    const model = work.write('bigrams.onnx', bigrams());
    const common = [
      'run',
      model,
      '--target',
      target,
      '--tokenizer',
      tokenizerPath,
      '--text',
      'She said: na\u00efve \u{1f600}',
      '--tokens',
      '40',
    ];
    const result = await nanoc([...common, ...drawn, '--json']);
    expect(result.err).toBe('');
    const printed: Printed = JSON.parse(result.out);
    const expected = story('She said: na\u00efve \u{1f600}', 40, how, 9);
    expect(expected.tokens.length).toBeGreaterThan(30);
    expect(printed.tokens.map(({ token }) => token)).toEqual(expected.tokens);
    expect(printed.text).toBe(expected.text);
    expect(printed.instructions === undefined).toBe(target === 'host');
    if (target === 'host') return;
    // The table of logits is in flash; in RAM are 256 tokens and the work memory of encoder and sampler.
    expect(printed.flash).toBeGreaterThan(4 * TOKENS * TOKENS);
    expect(printed.flash).toBeLessThan(4 * TOKENS * TOKENS + 24_000);
    expect(printed.ram).toBeGreaterThan(2 * 256 + 4 * TOKENS);
    expect(printed.ram).toBeLessThan(2 * 256 + 3 * 4 * TOKENS + 1000);
  });

  it('prints the text as it comes, then what it took', async () => {
    const model = work.write('bigrams.onnx', bigrams());
    const pieces: string[] = [];
    const args = [
      'run',
      model,
      '--target',
      'cortex-m4',
      '--tokenizer',
      tokenizerPath,
      '--text',
      'Once',
      '--tokens',
      '30',
    ];
    const { exitCode } = await nanoc(args, { out: (text) => void pieces.push(text) });
    const expected = story('Once', 30, GREEDY, 1);
    const out = pieces.join('');
    expect(exitCode).toBe(0);
    expect(out.startsWith(`${expected.text}\n`)).toBe(true);
    expect(out).toMatch(/\d tokens after \d+ of the prompt\n[\d,]+ instructions a token/);
    expect(out).toMatch(/flash [\d,]+ bytes, RAM [\d,]+ bytes/);
  });

  it('writes a firmware that compiles, with the loop in it', async () => {
    const model = work.write('bigrams.onnx', bigrams());
    const output = join(work.path, 'firmware');
    const result = await nanoc([
      'build',
      model,
      '--target',
      'cortex-m4',
      '--tokenizer',
      tokenizerPath,
      '--output',
      output,
    ]);
    expect(result.err).toBe('');
    expect(result.exitCode).toBe(0);
    expect(readFileSync(join(output, 'main.c'), 'utf8')).toContain('bigrams_text_next(&text)');
    expect(existsSync(join(output, 'bigrams_tokenizer.c'))).toBe(true);
    expect(existsSync(join(output, 'bigrams.elf'))).toBe(true);
  });

  it('refuses what does not fit together, by name', async () => {
    const model = work.write('bigrams.onnx', bigrams());
    const codes = async (...args: string[]) => codesIn(await nanoc(['run', model, '--target', 'host', ...args]));
    const unfit = work.write('large.json', readFileSync(join(expectedFolder, 'sentencepiece.json')));
    const regex = JSON.parse(readFileSync(join(expectedFolder, 'byte-level.json'), 'utf8'));
    regex.pre_tokenizer = { type: 'Split', pattern: { Regex: '\\d+' }, behavior: 'Isolated', invert: false };
    expect(await codes('--text', 'x')).toEqual(['NC0737']);
    expect(await codes('--text', 'x', '--tokenizer', unfit)).toEqual(['NC0737']);
    expect(await codes('--text', 'x'.repeat(300), '--tokenizer', tokenizerPath)).toEqual(['NC0737']);
    expect(await codes('--text', 'x', '--tokenizer', work.write('broken.json', '{'))).toEqual(['NC0734']);
    expect(await codes('--text', 'x', '--tokenizer', join(work.path, 'none.json'))).toEqual(['NC0734']);
    const split = work.write('split.json', JSON.stringify(regex));
    const refused = await nanoc(['run', model, '--target', 'host', '--text', 'x', '--tokenizer', split]);
    expect(codesIn(refused)).toEqual(['NC0735']);
    expect(refused.err).toContain('pre-tokenizer Split: pattern \\d+');
    const other = work.write(
      'other.onnx',
      buildModel({
        inputs: [{ name: 'x', dtype: 'float32', shape: [4] }],
        outputs: [{ name: 'y', dtype: 'float32', shape: [4] }],
        nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
      }),
    );
    expect(
      codesIn(await nanoc(['run', other, '--target', 'host', '--text', 'x', '--tokenizer', tokenizerPath])),
    ).toEqual(['NC0736']);
  });
});

const models = join(process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models'), 'nano-lm');

describe.skipIf(!existsSync(models))('stories260K', () => {
  const run = (target: string, ...args: string[]) =>
    nanoc([
      'run',
      join(models, 'stories260k_qdq_int8.onnx'),
      '--target',
      target,
      '--tokenizer',
      join(models, 'tokenizer.json'),
      ...args,
      '--json',
    ]);

  it.each(['host', 'cortex-m4'])(
    '%s: its states are recognised, and it tells the story of ONNX Runtime',
    async (target) => {
      const { greedy_tokens: tokens } = JSON.parse(readFileSync(join(models, 'expected.json'), 'utf8')).qdq_int8;
      const { out } = await run(target, '--text', 'Once upon a time', '--tokens', '60');
      const printed: Printed = JSON.parse(out);
      expect(printed.tokens.map(({ token }) => token)).toEqual([1, ...tokens.slice(0, 64)]);
    },
  );

  it('draws the same tokens on the host, the M0, the M4 and rv32imc', async () => {
    const draw = async (target: string): Promise<Printed> =>
      JSON.parse(
        (await run(target, '--text', 'The dog', '--tokens', '16', '--temperature', '1', '--top-p', '0.95')).out,
      );
    const host = await draw('host');
    expect(host.tokens.length).toBeGreaterThan(10);
    for (const target of ['cortex-m0', 'cortex-m4', 'rv32imc']) expect((await draw(target)).text).toBe(host.text);
  });
});
