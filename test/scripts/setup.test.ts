import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
// @ts-expect-error: the script is plain JavaScript, since it runs before any package is installed
import { staleReason } from '../../scripts/setup/node-packages.mjs';
import { toolsFor } from '../../scripts/setup/tools.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-setup-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('node packages', () => {
  const folder = join(root, 'packages');
  const write = (path: string, packages: Record<string, object>) => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify({ packages }));
  };
  const installed = 'node_modules/.package-lock.json';
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    write('package-lock.json', {
      '': {},
      'node_modules/zod': { version: '4.0.0' },
      'node_modules/other-system': { version: '1.0.0', optional: true },
    });
  });

  it('are stale when node_modules is missing', () => {
    expect(staleReason(folder)).toBe('node_modules is missing');
  });

  it('are in place without the optional packages of other systems', () => {
    write(installed, { 'node_modules/zod': { version: '4.0.0' } });
    expect(staleReason(folder)).toBeUndefined();
  });

  it('are stale when one is missing or has another version', () => {
    write(installed, {});
    expect(staleReason(folder)).toBe('node_modules/zod is missing');
    write(installed, { 'node_modules/zod': { version: '3.9.0' } });
    expect(staleReason(folder)).toBe('node_modules/zod is 3.9.0, not 4.0.0');
  });
});

describe('tools', () => {
  it('of the tests are only such as a package brings, so that CI can ask for all of them', async () => {
    const tools = await toolsFor('test');
    expect(tools.length).toBeGreaterThan(10);
    expect(tools.filter(({ packages }) => packages.length === 0)).toEqual([]);
  });
});

describe('system packages', () => {
  const log = join(root, 'apt.log');
  /** A PATH with nothing but these programs; each answers every call with exit code 0, or runs `script`. */
  function pathWith(programs: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(root, 'path-'));
    symlinkSync('/usr/bin/env', join(folder, 'env'));
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    rmSync(log, { force: true });
    return folder;
  }
  function setUp(path: string) {
    const args = ['--import', 'tsx', 'scripts/setup/system-packages.ts', 'demo'];
    const run = spawnSync(process.execPath, args, { cwd: packageRoot(), encoding: 'utf8', env: { PATH: path } });
    return { code: run.status, text: run.stdout + run.stderr };
  }
  const compiler = 'echo /libc.a';
  const sudo = 'case "$1" in --version) ;; *) exec "$@" ;; esac';
  const all = { cc: compiler, 'arm-none-eabi-gcc': compiler, 'qemu-system-arm': 'exit 0', sudo };

  it('are left alone when all tools are there', () => {
    const path = pathWith({ ...all, 'apt-get': `echo "$@" >> ${log}` });
    expect(setUp(path)).toEqual({ code: 0, text: '' });
    expect(existsSync(log)).toBe(false);
  });

  it('are installed where missing, a compiler without its library too', () => {
    const { 'qemu-system-arm': _, ...rest } = all;
    const path = pathWith({ ...rest, 'arm-none-eabi-gcc': 'echo libc.a' });
    const install = `echo "$@" >> ${log}
case "$*" in *install*)
  echo '#!/bin/sh' > ${path}/qemu-system-arm
  printf '#!/bin/sh\\necho /libc.a\\n' > ${path}/arm-none-eabi-gcc
  /bin/chmod 755 ${path}/qemu-system-arm ;; esac`;
    writeFileSync(join(path, 'apt-get'), `#!/bin/sh\n${install}\n`);
    chmodSync(join(path, 'apt-get'), 0o755);
    const { code, text } = setUp(path);
    expect(text).toContain('arm-none-eabi-gcc has no C library');
    expect(text).toContain('qemu-system-arm is not installed');
    expect(code).toBe(0);
    const calls = readFileSync(log, 'utf8');
    expect(calls).toContain('update');
    expect(calls).toContain('--no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm');
  });

  it('are named, with exit code 3, where there is no apt', () => {
    const { 'qemu-system-arm': _, ...rest } = all;
    const { code, text } = setUp(pathWith(rest));
    expect(code).toBe(3);
    expect(text).toContain('sudo apt-get install qemu-system-arm');
  });

  it('are named, with exit code 3, when apt fails', () => {
    const { 'qemu-system-arm': _, ...rest } = all;
    const { code, text } = setUp(pathWith({ ...rest, 'apt-get': 'case "$1" in --version) ;; *) exit 100 ;; esac' }));
    expect(code).toBe(3);
    expect(text).toContain('Still missing: qemu-system-arm is not installed');
  });
});
