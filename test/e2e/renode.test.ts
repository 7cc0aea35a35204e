/**
 * Chips in Renode. Where it is not installed, QEMU stands in for it (test/support/renode-test.sh): what is emitted and run is tested then, and
 * how its end is understood, not Renode's own part.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import type { Compilation } from '../../compiler/compilation.js';
import { compile, emitLibrary } from '../../compiler/index.js';
import { simulatorFor } from '../../compiler/simulate/simulator.js';
import { loadTarget } from '../../compiler/targets.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { defaultVectors } from '../../compiler/verify/default-vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { nanoc } from '../support/command-line.js';
import { workFolder } from '../support/work-folder.js';

const work = workFolder();
const model = join(packageRoot(), 'examples/digits/digits.onnx');
const before = process.env.PATH;
const hasRenode = spawnSync('renode-test', ['--help'], { stdio: 'ignore' }).error === undefined;
if (!hasRenode) console.warn('QEMU stands in for Renode, which is not installed');

beforeEach(() => {
  if (hasRenode) return;
  symlinkSync(join(packageRoot(), 'test/support/renode-test.sh'), join(work.path, 'renode-test'));
  process.env.PATH = `${work.path}:${before}`;
});
afterEach(() => {
  process.env.PATH = before;
});

const digits = (target: string): Promise<Compilation> => compile(readModelFile(model), { target, simulator: 'renode' });
const inRenode = { simulator: { name: 'renode' }, onnxRuntime: 'off' } as const;

describe.each([
  ['stm32f407', 'stm32f4'],
  ['nrf52840', 'nrf52840'],
])('%s', (target, platform) => {
  it('is bit-exact at every layer', async () => {
    const compilation = await digits(target);
    const set = defaultVectors(compilation.reference, { count: 2 });
    const result = await verifyModel(compilation, set, inRenode);
    expect(result.firstDivergence).toBeUndefined();
    expect(result).toMatchObject({ passed: true, simulator: `Renode ${platform}` });
  }, 120_000);

  it('build --renode writes the self-test with what runs it', async () => {
    const folder = join(work.path, target);
    const { exitCode, out, err } = await nanoc(['build', model, '--target', target, '--renode', '--output', folder]);
    expect(`${out}${err}`).toContain(folder);
    expect(exitCode).toBe(0);
    const renode = join(folder, 'renode');
    const run = spawnSync('renode-test', ['--results-dir', 'results', 'digits.robot'], {
      cwd: renode,
      encoding: 'utf8',
    });
    expect(run.stdout + run.stderr).toContain('digits: self-test passed');
    expect(run.status).toBe(0);
    expect(readFileSync(join(renode, 'digits.repl'), 'utf8')).toContain(`using "platforms/cpus/${platform}.repl"`);
  }, 120_000);
});

describe('programs in Renode', () => {
  it('that differ from the reference are found', async () => {
    const compilation = await digits('stm32f407');
    // Weights of the first convolution are others.
    const stem = /(const uint32_t digits_stem_weights\[\d+\] = \{\s*(?:\d+u?, ){2}\d+)/;
    const emit = async (each: Compilation) => {
      const files = await emitLibrary(each);
      const wrong = files.map((file) => ({ ...file, content: file.content.replace(stem, '$1 ^ 0x404040') }));
      expect(wrong).not.toEqual(files);
      return wrong;
    };
    const set = defaultVectors(compilation.reference, { count: 1 });
    const result = await verifyModel(compilation, set, { ...inRenode, emit });
    expect(result).toMatchObject({ passed: false, firstDivergence: expect.anything() });
  }, 120_000);

  it('Renode that is missing is named, with where it is', async () => {
    process.env.PATH = join(work.path, 'nothing');
    const target = await loadTarget('nrf52840');
    const program = { target, directory: work.path, program: '/none.elf', sources: [], objects: [], warnings: '' };
    await expect(
      simulatorFor(target, { name: 'renode' }).run(program, Uint8Array.of(), { timeoutMs: 5000 }),
    ).rejects.toMatchObject({
      exitCode: 3,
      diagnostics: [{ code: 'NC0701', message: 'Renode is not installed', help: expect.stringContaining('releases') }],
    });
  });

  it('a chip that Renode does not describe is refused, and nothing is written', async () => {
    const folder = join(work.path, 'refused');
    const { exitCode, err } = await nanoc(['build', model, '--target', 'rp2040', '--renode', '--output', folder]);
    expect(err).toContain('rp2040 is not simulated by renode');
    expect(exitCode).not.toBe(0);
    expect(existsSync(folder)).toBe(false);
  }, 30_000);
});
