/** The tokenizer: reference against the package `tokenizers`, C against the reference, on several targets. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../compiler/text/decode.js';
import { encode } from '../../compiler/text/encode.js';
import { parseTokenizer } from '../../compiler/text/parse.js';
import type { Tokenizer } from '../../compiler/text/tokenizer.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { runTextCases, type TextCase } from './text-program.js';

interface Answers {
  readonly encoded: readonly { readonly bytes: string; readonly ids: readonly number[]; readonly text: string }[];
  readonly decoded: readonly { readonly ids: readonly number[]; readonly text: string }[];
}

const folder = join(packageRoot(), 'test/text/expected');
const names = ['byte-level', 'byte-level-prefix', 'sentencepiece', 'metaspace', 'unfused'];
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const answersOf = (name: string): Answers => JSON.parse(read(`${name}.answers.json`));
const tokenizerOf = (name: string): Tokenizer => parseTokenizer({ fileName: name, text: read(`${name}.json`) });
const symbol = (name: string) => name.replaceAll('-', '_');

/** Byte tokens that are no UTF-8 together: the package gives a U+FFFD for each byte of the run, we give the fewest. */
const isBroken = (text: string) => text.includes('\ufffd');

describe('the tokenizer as the package has it', () => {
  it.each(names)('%s: tokens of every text', (name) => {
    const [tokenizer, { encoded }] = [tokenizerOf(name), answersOf(name)];
    expect(encoded.length).toBeGreaterThan(500);
    for (const { bytes, ids } of encoded)
      expect([bytes, encode(tokenizer, Buffer.from(bytes, 'hex'))]).toEqual([bytes, ids]);
  });

  it.each(names)('%s: text of every list of tokens', (name) => {
    const [tokenizer, { encoded, decoded }] = [tokenizerOf(name), answersOf(name)];
    const cases = [...encoded, ...decoded].filter(({ text }) => name !== 'sentencepiece' || !isBroken(text));
    expect(cases.length).toBeGreaterThan(200);
    for (const { ids, text } of cases) expect([ids, decode(tokenizer, ids)]).toEqual([ids, text]);
  });
});

const python = process.env.NANOC_PYTHON ?? 'python3';
const hasPackage = spawnSync(python, ['-c', 'import tokenizers'], { stdio: 'ignore' }).status === 0;

describe.skipIf(!hasPackage)('the package that is installed here', () => {
  it('gives the answers that are written down', () => {
    const run = spawnSync(python, [join(packageRoot(), 'test/text/oracle.py'), 'check'], { maxBuffer: 1 << 26 });
    const answers: Record<string, Answers> = JSON.parse(run.stdout.toString());
    expect(Object.keys(answers)).toEqual(names);
    for (const name of names) expect(answers[name]).toEqual(answersOf(name));
  });
});

describe('the tokenizer in C', () => {
  const tokenizers = Object.fromEntries(names.map((name) => [symbol(name), tokenizerOf(name)]));
  const all = names.flatMap((name) => {
    const { encoded, decoded } = answersOf(name);
    const tokenizer = symbol(name);
    return [
      ...encoded.map(({ bytes }): TextCase => ({ kind: 'encode', tokenizer, text: Buffer.from(bytes, 'hex') })),
      ...[...encoded, ...decoded].map(({ ids }): TextCase => ({ kind: 'decode', tokenizer, tokens: ids })),
    ];
  });
  const reference = (each: TextCase) => {
    if (each.kind === 'encode') return encode(tokenizers[each.tokenizer]!, each.text);
    return each.kind === 'decode' ? decode(tokenizers[each.tokenizer]!, each.tokens) : [];
  };

  it('host, under sanitizers: as the reference, for every case', async () => {
    expect(await runTextCases('host', tokenizers, all)).toEqual(all.map(reference));
  });

  it('says that there is no room, and writes no further', async () => {
    const text = Buffer.from('Once upon a time \u{1f600}');
    const capacities = Array.from({ length: 30 }, (_, capacity) => capacity);
    const cases = capacities.map(
      (capacity) => ({ kind: 'encode', tokenizer: 'sentencepiece', text, capacity }) as const,
    );
    const results = await runTextCases('host', tokenizers, cases);
    const whole = encode(tokenizers.sentencepiece!, text);
    // A word's symbols need their room before they are merged: the beginning, the prefix, one for each letter, four for the emoji.
    const needed = 1 + 1 + 17 + 4;
    for (const [capacity, result] of results.entries()) expect(result).toEqual(capacity < needed ? 'full' : whole);
  });

  it.each(['cortex-m0', 'cortex-m4', 'rv32imc'])('%s: the same', async (target) => {
    const some = all.filter((_, index) => index % 7 === 0);
    expect(await runTextCases(target, tokenizers, some)).toEqual(some.map(reference));
  });
});

const list = join(process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models'), 'nano-lm');

describe.skipIf(!existsSync(list))('the list of tokens of stories260K', () => {
  it('gives the tokens of the story, and the story of the tokens', () => {
    const tokenizer = parseTokenizer({
      fileName: 'tokenizer.json',
      text: readFileSync(join(list, 'tokenizer.json'), 'utf8'),
    });
    const { greedy_tokens: tokens, text } = JSON.parse(readFileSync(join(list, 'expected.json'), 'utf8')).f32;
    expect(decode(tokenizer, [1, ...tokens])).toBe(text.slice(1));
    expect(encode(tokenizer, Buffer.from(text.slice(1)))).toEqual([1, ...tokens]);
  });
});
