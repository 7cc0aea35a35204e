import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CompileError } from '../diagnostics/diagnostic.js';
import { loadConfig } from './config.js';
import { parseBytes, parseCount } from './numbers.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanoc-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(content: unknown) {
  writeFileSync(join(folder, 'nanoc.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return loadConfig(folder);
}

function problem(content: unknown) {
  try {
    load(content);
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics[0];
    throw error;
  }
  throw new Error('expected a diagnostic');
}

describe('nanoc.json', () => {
  it('need not be there', () => expect(loadConfig(folder)).toBeUndefined());

  it('holds options and budgets, sizes with units', () => {
    const content = {
      model: 'kws.onnx',
      target: ['host', 'cortex-m4'],
      dims: { batch: 1 },
      states: ['a=b:0'],
      maxRam: '16 KB',
      maxInstructions: '2.5M',
    };
    expect(load(content)).toEqual({ ...content, maxRam: 16384, maxInstructions: 2_500_000 });
  });

  it.each<[string, unknown, RegExp]>([
    ['text that is no JSON', '{', /JSON/],
    ['a list', [], /document/],
    ['an unknown key', { maxram: 1 }, /no option "maxram"/],
    ['a misplaced type', { target: 4 }, /target/],
    ['a family that is none', { kernels: 'fast' }, /kernels/],
    ['a size that is none', { maxRam: 'little' }, /expected bytes/],
    ['a negative size', { maxFlash: -1 }, /expected bytes/],
    ['a dimension of 0', { dims: { batch: 0 } }, /dims.batch/],
  ])('with %s is refused', (_, content, because) => {
    expect(problem(content)).toMatchObject({ code: 'NC0803', because: expect.stringMatching(because) });
  });

  it('says what a misspelt key should be', () => {
    expect(problem({ maxram: 1 })!.help).toBe('did you mean "maxRam"?');
  });

  it('lists several problems', () => {
    expect(problem({ kernels: 'x', optimize: 'y' })!.because!.split('\n')).toHaveLength(2);
  });
});

describe('numbers', () => {
  it.each([
    ['65536', 65536],
    ['64K', 65536],
    ['64 KB', 65536],
    ['64kib', 65536],
    ['1.5M', 1572864],
    ['', undefined],
    ['-1', undefined],
    ['64G', undefined],
    ['1e3', undefined],
  ])('bytes of "%s": %s', (text, value) => expect(parseBytes(text)).toBe(value));

  it.each([
    ['2500000', 2_500_000],
    ['2.5M', 2_500_000],
    ['3k', 3000],
    ['3kb', undefined],
  ])('count of "%s": %s', (text, value) => expect(parseCount(text)).toBe(value));
});
