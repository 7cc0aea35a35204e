import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readExternal, readModelFile } from './model-file.js';

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'nanoc-model-'));
  folder = join(base, 'model');
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data/w.bin'), Uint8Array.of(1, 2));
  writeFileSync(join(base, 'secret'), 'secret');
  symlinkSync('data/w.bin', join(folder, 'inner'));
  symlinkSync('../secret', join(folder, 'outer'));
  symlinkSync('..', join(folder, 'up'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('external data', () => {
  it.each(['data/w.bin', './data/w.bin', 'data/../data/w.bin', 'inner'])('%s is read', (location) => {
    expect([...readExternal(folder, location)]).toEqual([1, 2]);
  });

  it.each(['../secret', 'data/../../secret', 'outer', 'up/secret', 'data', '.', '', 'missing', 'data/w.bin/x'])(
    '%j is refused',
    (location) => expect(() => readExternal(folder, location)).toThrow('NC0106'),
  );

  it('an absolute path is refused, even into the folder', () => {
    expect(() => readExternal(folder, join(folder, 'data/w.bin'))).toThrow('NC0106');
  });

  it('is read where the model itself is reached over a link', () => {
    symlinkSync('model', join(base, 'linked'));
    expect([...readExternal(join(base, 'linked'), 'data/w.bin')]).toEqual([1, 2]);
  });

  it('a device is refused', () => {
    symlinkSync('/dev/zero', join(folder, 'zero'));
    expect(() => readExternal(folder, 'zero')).toThrow('NC0106');
  });
});

describe('the model', () => {
  it('comes with its name and what reads its data', () => {
    writeFileSync(join(folder, 'kws.onnx'), Uint8Array.of(7));
    const source = readModelFile(join(folder, 'kws.onnx'));
    expect(source.fileName).toBe('kws.onnx');
    expect([...source.bytes]).toEqual([7]);
    expect([...source.readExternal!('data/w.bin')]).toEqual([1, 2]);
  });

  it.each(['missing.onnx', 'data', 'data/w.bin/kws.onnx'])('%s cannot be read', (name) => {
    expect(() => readModelFile(join(folder, name))).toThrow('NC0802');
  });

  it('a device cannot be read', () => expect(() => readModelFile('/dev/zero')).toThrow('NC0802'));
});
