import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { afterAll, expect, it } from 'vitest';
import { loadTarget } from '../targets.js';
import { buildFirmware } from './build.js';
import { objectKey } from './object-cache.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-cache-test-'));
afterAll(() => rmSync(root, { recursive: true }));

it('keys differ by where one part ends and the next begins', () => {
  expect(objectKey(['ab', 'c'])).not.toBe(objectKey(['a', 'bc']));
  expect(objectKey(['ab', 'c'])).toBe(objectKey(['ab', 'c']));
});

it('compiles again what a header or a flag changes, and only that', async () => {
  const host = await loadTarget('host');
  // A compiler that counts its runs.
  const log = join(root, 'log');
  const compiler = join(root, 'cc');
  writeFileSync(compiler, `#!/bin/sh\necho "$@" >> ${log}\nexec cc "$@"\n`, { mode: 0o755 });
  const target = { ...host, toolchain: { ...host.toolchain, compiler } };
  let builds = 0;
  const build = async (value: number, extraFlags: readonly string[] = []) => {
    writeFileSync(log, '');
    builds += 1;
    const files = [
      { path: 'value.h', content: `#define VALUE ${value}\n` },
      { path: 'main.c', content: '#include "value.h"\nint main(void) { int unused; return VALUE; }\n' },
    ];
    const built = await buildFirmware({ files, target, directory: join(root, `build${builds}`), extraFlags });
    const compiled = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(' -c ')).length;
    const exitCode = execaSync(built.program, { reject: false }).exitCode;
    return { compiled, exitCode, warned: built.warnings.includes('unused') };
  };
  expect(await build(3)).toEqual({ compiled: 1, exitCode: 3, warned: true });
  // What the compiler said is said again.
  expect(await build(3)).toEqual({ compiled: 0, exitCode: 3, warned: true });
  expect(await build(4)).toEqual({ compiled: 1, exitCode: 4, warned: true });
  expect(await build(4, ['-DVALUE2'])).toEqual({ compiled: 1, exitCode: 4, warned: true });
});
