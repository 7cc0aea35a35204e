/** What `npm pack` gives, installed in an empty folder, builds a model: templates, targets and runtime-c are inside. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { smallModelBytes } from '../support/small-model.js';

let folder: string;
let packed: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanoc-pack-'));
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: packageRoot() });
  // The scripts that npm runs before write to the same stream.
  const [pack] = JSON.parse(stdout.slice(stdout.search(/^\[\s*\{/m))) as {
    filename: string;
    files: { path: string }[];
  }[];
  packed = pack!.files.map(({ path }) => path);
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/package.json'), '{ "type": "module" }\n');
  writeFileSync(join(folder, 'app/small.onnx'), smallModelBytes());
  await inApp('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, pack!.filename)]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function inApp(command: string, args: readonly string[]) {
  return execa(command, args, { cwd: join(folder, 'app') });
}

describe('the package', () => {
  it('holds what runs, and no sources of the compiler or tests', () => {
    for (const path of [
      'scripts/nanoc.js',
      'dist/compiler/cli.js',
      'dist/compiler/index.d.ts',
      'dist/targets/cortex-m4/target.js',
    ]) {
      expect(packed).toContain(path);
    }
    for (const path of [
      'targets/cortex-m4/linker.ld',
      'targets/arm-common/startup.c',
      'runtime-c/include/nanoc/types.h',
      'LICENSE',
    ]) {
      expect(packed).toContain(path);
    }
    expect(packed.some((path) => /^templates\/.*\.hbs$/.test(path))).toBe(true);
    expect(
      packed.filter((path) =>
        /\.test\.|^test\/|^dist\/test\/|^examples\/|^compiler\/.*\.ts$|^node_modules\//.test(path),
      ),
    ).toEqual([]);
  });

  it('builds a model with npx nanoc', async () => {
    const { stdout } = await inApp('npx', ['nanoc', 'build', 'small.onnx', '--target', 'cortex-m4']);
    expect(stdout).toMatch(/wrote build\/small\/cortex-m4/);
    expect(readdirSync(join(folder, 'app/build/small/cortex-m4'))).toContain('small.elf');
  });

  it('gives the same C as the checkout', async () => {
    const checkout = join(folder, 'checkout');
    const args = ['--target', 'cortex-m4', '--no-compile', '--output'];
    await inApp('npx', ['nanoc', 'build', 'small.onnx', ...args, 'installed']);
    await inApp(process.execPath, [join(packageRoot(), 'scripts/nanoc.js'), 'build', 'small.onnx', ...args, checkout]);
    for (const name of readdirSync(checkout).filter((each) => /\.\w+$/.test(each))) {
      expect(readFileSync(join(folder, 'app/installed', name), 'utf8'), name).toBe(
        readFileSync(join(checkout, name), 'utf8'),
      );
    }
  });

  it('verifies on the host, without onnxruntime-node', async () => {
    const { stdout } = await inApp('npx', ['nanoc', 'verify', 'small.onnx', '--target', 'host', '--count', '2']);
    expect(stdout).toContain('bit-exact');
    expect(stdout).toContain('not compared with ONNX Runtime');
  });

  it('is a library', async () => {
    const program = [
      "import { readFileSync } from 'node:fs';",
      "import { compile, emitFiles } from 'nanoc';",
      "const source = { fileName: 'small.onnx', bytes: readFileSync('small.onnx') };",
      "const compilation = await compile(source, { target: 'cortex-m0' });",
      'console.log(compilation.plan.arenaBytes, (await emitFiles(compilation)).length);',
    ].join('\n');
    writeFileSync(join(folder, 'app/use.js'), program);
    expect((await inApp(process.execPath, ['use.js'])).stdout).toMatch(/^\d+ \d+$/);
  });

  it('explains its diagnostics', async () => {
    expect((await inApp('npx', ['nanoc', 'explain', 'NC0101'])).stdout).toContain('not a readable ONNX model');
  });
});
