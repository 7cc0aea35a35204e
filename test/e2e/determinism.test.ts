/** Promise 4: the same model, options and version give the same bytes, wherever and whenever they are compiled. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { modelsFolder } from '../../bench/models.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-determinism-'));
afterAll(() => rmSync(root, { recursive: true }));

const nanoc = join(packageRoot(), 'scripts/nanoc.js');
const kws = join(modelsFolder() ?? '', 'mlperf-tiny/kws_dscnn_int8.onnx');
const models = [
  { name: 'examples/digits', path: join(packageRoot(), 'examples/digits/digits.onnx'), skip: false },
  { name: 'kws of NANOC_MODELS', path: kws, skip: modelsFolder() === undefined },
];

/** Every file of a folder, by its path in it. */
function contentsOf(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}

/** Builds a copy of the model in a folder of its own, from there. */
async function build(model: string, place: string, environment: Record<string, string>): Promise<Map<string, string>> {
  const folder = join(root, place);
  mkdirSync(folder, { recursive: true });
  cpSync(model, join(folder, 'model.onnx'));
  const start = performance.now();
  const args = [nanoc, 'build', 'model.onnx', '--target', 'cortex-m4', '--no-compile', '--output', 'out'];
  await execa(process.execPath, args, { cwd: folder, env: environment });
  console.log(`${place}: built in ${((performance.now() - start) / 1000).toFixed(2)} s, start-up included`);
  return contentsOf(join(folder, 'out'));
}

describe('nanoc build', () => {
  it.for(models)('gives the same bytes twice, in two folders: $name', async ({ name, path, skip }, context) => {
    if (skip) context.skip('there is no folder of models');
    const place = name.replaceAll(/\W/g, '-');
    const first = await build(path, `${place}-a`, { TZ: 'UTC', LANG: 'C' });
    const second = await build(path, `${place}-b/deeper/than/the/first`, { TZ: 'Asia/Kathmandu', LANG: 'de_DE.UTF-8' });
    expect([...second.keys()]).toEqual([...first.keys()]);
    expect(first.size).toBeGreaterThan(5);
    for (const [file, text] of first) {
      expect(second.get(file) === text, `${file} is the same`).toBe(true);
      expect(text.includes(root) || text.includes(packageRoot()), `${file} holds an absolute path`).toBe(false);
    }
  });
});
