import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asDiagnostic, checkReplaceable, replaceFolder, writeFiles } from './output-folder.js';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'nanoc-folder-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const never = new AbortController().signal;
const files = [
  { path: 'kws.c', content: 'int x;\n' },
  { path: 'runtime/src/a.c', content: 'int a;\n' },
];
const fill =
  (list = files) =>
  (folder: string) =>
    writeFiles(folder, list, never);
const refusal = (code: string) => expect.objectContaining({ diagnostics: [expect.objectContaining({ code })] });

describe('the output folder', () => {
  it('is made with the folders above it', async () => {
    await replaceFolder(join(base, 'build/kws/host'), never, fill());
    expect(readFileSync(join(base, 'build/kws/host/runtime/src/a.c'), 'utf8')).toBe('int a;\n');
    expect(readdirSync(join(base, 'build/kws'))).toEqual(['host']);
  });

  it('replaces the old one as a whole', async () => {
    const folder = join(base, 'out');
    await replaceFolder(folder, never, fill([{ path: 'old.c', content: '' }]));
    await replaceFolder(folder, never, fill());
    expect(readdirSync(folder).sort()).toEqual(['kws.c', 'runtime']);
    expect(readdirSync(base)).toEqual(['out']);
  });

  it('stays as it was when something fails, and nothing is left beside it', async () => {
    const folder = join(base, 'out');
    await replaceFolder(folder, never, fill());
    const failing = replaceFolder(folder, never, async (temporary) => {
      await writeFiles(temporary, [{ path: 'kws.c', content: 'new' }], never);
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    expect(readFileSync(join(folder, 'kws.c'), 'utf8')).toBe('int x;\n');
    expect(readdirSync(base)).toEqual(['out']);
  });

  it('is not made when the signal aborts, nor are the folders above it', async () => {
    const controller = new AbortController();
    const aborted = replaceFolder(join(base, 'a/b/c'), controller.signal, async (temporary) => {
      await writeFiles(temporary, files, never);
      controller.abort(new Error('stop'));
    });
    await expect(aborted).rejects.toThrow('stop');
    expect(readdirSync(base)).toEqual([]);
  });

  it('above which someone else wrote meanwhile is left alone', async () => {
    const failing = replaceFolder(join(base, 'a/b/c'), never, async () => {
      writeFileSync(join(base, 'a/other.txt'), 'mine');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(existsSync(join(base, 'a/other.txt'))).toBe(true);
    expect(existsSync(join(base, 'a/b'))).toBe(false);
  });

  it('below a file is a diagnostic', async () => {
    writeFileSync(join(base, 'file'), '');
    await expect(replaceFolder(join(base, 'file/out'), never, fill())).rejects.toEqual(refusal('NC0501'));
    expect(readdirSync(base)).toEqual(['file']);
  });

  it.each(['ENOSPC', 'EACCES', 'EROFS'])('on a disk that says %s is a diagnostic', async (code) => {
    const refuse = async () => Promise.reject(Object.assign(new Error(`${code}: no`), { code }));
    await expect(asDiagnostic('x', refuse)).rejects.toEqual(refusal('NC0501'));
  });

  it('does not hide other errors', async () => {
    await expect(asDiagnostic('x', async () => Promise.reject(new TypeError('bug')))).rejects.toThrow(TypeError);
  });
});

describe('replacing a folder', () => {
  const folderWith = (file: string) => {
    mkdirSync(join(base, 'out'));
    writeFileSync(join(base, 'out', file), '');
  };

  it.each<[string, () => void, boolean]>([
    ['that does not exist', () => {}, true],
    ['that is empty', () => mkdirSync(join(base, 'out')), true],
    ['that nanoc wrote', () => folderWith('nanoc.lock'), true],
    ['of someone else', () => folderWith('thesis.tex'), false],
    ['that is a file', () => writeFileSync(join(base, 'out'), ''), false],
  ])('%s', (_, prepare, allowed) => {
    prepare();
    const check = () => checkReplaceable(join(base, 'out'), false);
    if (allowed) expect(check).not.toThrow();
    else expect(check).toThrow('NC0502');
    expect(() => checkReplaceable(join(base, 'out'), true)).not.toThrow();
  });
});
