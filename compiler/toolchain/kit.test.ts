import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { loadTarget } from '../targets.js';
import { installCommand, toolPath } from './kit.js';

const cache = mkdtempSync(join(tmpdir(), 'nanoc-kit-'));
const before = process.env.XDG_CACHE_HOME;
afterEach(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  rmSync(cache, { recursive: true, force: true });
});

it('takes a program of a kit where the kit is complete, else the name', async () => {
  process.env.XDG_CACHE_HOME = cache;
  const { toolchain } = await loadTarget('lx7');
  const folder = join(cache, 'nanoc', 'xtensa');
  const path = join(folder, 'bin', toolchain.compiler);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(path, '');
  expect(toolPath(toolchain, toolchain.compiler)).toBe(toolchain.compiler);
  writeFileSync(join(folder, 'version'), '1');
  expect(toolPath(toolchain, toolchain.compiler)).toBe(path);
  expect(toolPath(toolchain, 'something-else')).toBe('something-else');
  expect(toolPath({}, 'arm-none-eabi-gcc')).toBe('arm-none-eabi-gcc');
});

it('says how a compiler is installed', async () => {
  expect(installCommand((await loadTarget('lx7')).toolchain)).toMatch(/^bash .*targets\/xtensa-common\/install\.sh$/);
  expect(installCommand((await loadTarget('cortex-m4')).toolchain)).toMatch(/^sudo apt-get install gcc-arm-none-eabi /);
});
