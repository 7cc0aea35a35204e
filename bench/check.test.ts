/** `npm run bench -- --check` on the examples' models: part of every test run, so that no figure grows unseen. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { type Result, readResults, writeResults } from './results.js';

const folder = mkdtempSync(join(tmpdir(), 'nanoc-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each run compiles, verifies every layer on the device, and measures. */
const SLOW_MS = 300_000;

function check(options: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const script = fileURLToPath(new URL('bench.ts', import.meta.url));
  const args = ['--import', 'tsx', script, '--check', ...options];
  // No models outside the repository: the figures are the same wherever the tests run.
  return execa(process.execPath, args, { reject: false, env: { NANOC_MODELS: folder, ...env } });
}

/** The committed figures of one row, changed. */
function doctored(change: (row: Result) => Partial<Result>): string {
  const row = readResults().find(({ model, target }) => model === 'examples/sine' && target === 'cortex-m4')!;
  const path = join(folder, 'results.json');
  writeResults([{ ...row, ...change(row) }], path);
  return path;
}

describe('npm run bench -- --check', () => {
  it('finds the figures of the examples as they are committed, bit-exact', { timeout: SLOW_MS }, async () => {
    const targets = ['cortex-m0', 'cortex-m4', 'cortex-m55'].flatMap((target) => ['--target', target]);
    const { exitCode, stdout, stderr } = await check(['--model', 'examples/', ...targets]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout.match(/: bit-exact, [\d,]+ instructions/g)).toHaveLength(15);
  });

  it('fails when a figure has grown, and writes nothing', { timeout: SLOW_MS }, async () => {
    const path = doctored(({ instructions }) => ({ instructions: Math.floor(instructions / 2) }));
    const before = readResults(path);
    const run = await check(['--model', 'examples/sine', '--target', 'cortex-m4', '--results', path]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /^FAILED examples\/sine \| cortex-m4 \| auto \| balanced: instructions [\d,]+ -> [\d,]+/,
    );
    expect(readResults(path)).toEqual(before);
  });

  it('says so where a core is skipped, whose tools no registry brings', { timeout: SLOW_MS }, async () => {
    const options = ['--model', 'examples/sine', '--target', 'lx7-pie'];
    const { exitCode, stdout, stderr } = await check(options, { PATH: folder });
    expect(stdout).toContain('skipped: lx7-pie, whose tools are not on this computer');
    expect(stderr).toContain('nothing is measured');
    expect(exitCode).toBe(2);
  });
});
