/**
 * Text that is the product, compared with what was reviewed: test/golden/<case>/expected. UPDATE_GOLDEN=1 rewrites it, and the
 * models; the diff is then reviewed like code.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmittedFile } from '../../compiler/compilation.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { makeReport, renderReportText } from '../../compiler/report/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { type GoldenCase, goldenCases } from './cases.js';

const UPDATE = process.env.UPDATE_GOLDEN === '1';

/** Copies of files that are in the repository already, hashes of them, and what report.txt shows in a form that can be read. */
const LEFT_OUT = /^(runtime\/.*|startup\.c|linker\.ld|nanoc\.lock|report\.(json|html))$/;

const folderOf = (each: GoldenCase): string => join(packageRoot(), 'test/golden', each.name);

async function render(each: GoldenCase): Promise<EmittedFile[]> {
  const compilation = await compile(each.source, each.options);
  const report = renderReportText(makeReport(compilation), { color: false, width: 120 });
  const files = (await emitFiles(compilation)).filter(({ path }) => !LEFT_OUT.test(path));
  return [...files, { path: 'report.txt', content: report }];
}

async function update(each: GoldenCase, files: readonly EmittedFile[]): Promise<void> {
  const folder = folderOf(each);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'expected'), { recursive: true });
  await writeFile(join(folder, 'model.onnx'), each.source.bytes);
  // Lists on one line, as the formatter has them.
  const options = JSON.stringify(each.options, null, 2).replace(/\[\s+([^\]]*?)\s+\]/g, '[$1]');
  await writeFile(join(folder, 'options.json'), `${options}\n`);
  for (const { path, content } of files) await writeFile(join(folder, 'expected', path), content);
}

describe('golden text', () => {
  it.each(goldenCases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const files = await render(each);
    if (UPDATE) await update(each, files);
    const folder = folderOf(each);
    expect(Buffer.compare(await readFile(join(folder, 'model.onnx')), each.source.bytes), 'model.onnx is stale').toBe(
      0,
    );
    expect(JSON.parse(await readFile(join(folder, 'options.json'), 'utf8'))).toEqual(each.options);
    expect((await readdir(join(folder, 'expected'))).sort()).toEqual(files.map(({ path }) => path).sort());
    for (const { path, content } of files) {
      expect(content, `${each.name}/expected/${path}; UPDATE_GOLDEN=1 rewrites it`).toBe(
        await readFile(join(folder, 'expected', path), 'utf8'),
      );
    }
  });

  it('has no folder without a case', async () => {
    const entries = await readdir(join(packageRoot(), 'test/golden'), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(folders.sort()).toEqual(goldenCases.map(({ name }) => name).sort());
  });
});
