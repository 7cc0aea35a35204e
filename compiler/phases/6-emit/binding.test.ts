import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { branchModel, streamModel } from '../../../test/support/quantized-models.js';
import type { CompileOptions, ModelSource } from '../../compilation.js';
import { compile, emitFiles } from '../../index.js';
import { evaluateGraph, evaluateSteps } from '../../reference/evaluate.js';
import { packageRoot } from '../../toolchain/package-root.js';

/** What the tests use of a binding; the real types are checked by the TypeScript compiler below. */
interface Binding {
  load(options?: object): Promise<{
    invoke(input: Int8Array): Promise<Record<string, Int8Array>>;
    reset(): Promise<void>;
    close(): Promise<void>;
  }>;
}

describe('typed binding', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nanoc-binding-'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function writeBinding(source: ModelSource, options: CompileOptions, nanoc: string): Promise<string> {
    const compilation = await compile(source, options);
    const path = `${compilation.name}.ts`;
    const binding = (await emitFiles(compilation)).find((file) => file.path === path)!;
    await writeFile(join(folder, path), binding.content.replace("'nanoc'", `'${nanoc}'`));
    await writeFile(join(folder, source.fileName), source.bytes);
    return join(folder, path);
  }

  it('type-checks under tsc --strict, and refuses the wrong element type', async () => {
    await writeBinding(branchModel(), { target: 'host' }, 'nanoc');
    await writeBinding(streamModel(), { target: 'host', states: ['next=past'] }, 'nanoc');
    const user = `import { inputs, load, outputs } from './branch.js';
import { Stream } from './stream.js';
const model = await load();
const { y } = await model.invoke(new Int8Array(inputs.x.length));
export const elements: Int8Array = y;
export const real: Float32Array = outputs.y.dequantize(y);
export const stream = await Stream.load({ target: 'cortex-m4' });
// @ts-expect-error the input is int8
await model.invoke(new Float32Array(inputs.x.length));
// @ts-expect-error there is no such output
export const z = (await model.invoke({ x: elements })).z;
`;
    const configuration = {
      extends: join(packageRoot(), 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        rootDir: '/',
        typeRoots: [join(packageRoot(), 'node_modules/@types')],
        paths: { nanoc: [join(packageRoot(), 'compiler/index.ts')] },
      },
      include: ['*.ts'],
      exclude: [],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
    await writeFile(join(folder, 'user.ts'), user);
    const tsc = join(packageRoot(), 'node_modules/.bin/tsc');
    const { stdout } = await execa(tsc, ['-p', folder, '--pretty', 'false'], { cwd: folder, reject: false });
    // Only what concerns the bindings: the compiler's own sources are checked elsewhere.
    expect(stdout.split('\n').filter((line) => /^(user|branch|stream)\.ts/.test(line))).toEqual([]);
  });

  it('runs the model and gives what the reference evaluator gives; state carries over', async () => {
    const nanoc = pathToFileURL(join(packageRoot(), 'compiler/index.ts')).href;
    const branch = (await import(await writeBinding(branchModel(), { target: 'host' }, nanoc))) as Binding;
    const x = Int8Array.from({ length: 108 }, (_, i) => ((i * 71) % 256) - 128);
    const model = await branch.load();
    const { y } = await model.invoke(x);
    await model.close();
    const { reference } = await compile(branchModel(), { target: 'host' });
    const tensor = { dtype: 'int8' as const, shape: [1, 3, 6, 6], data: x };
    expect(y).toEqual(evaluateGraph(reference, new Map([['x', tensor]])).get('y')!.data);

    const options = { target: 'host', states: ['next=past'] };
    const stream = (await import(await writeBinding(streamModel(), options, nanoc))) as Binding;
    const steps = [Int8Array.of(5, -9), Int8Array.of(100, -128), Int8Array.of(5, -9)];
    const streaming = await stream.load();
    const results: (Int8Array | undefined)[] = [];
    for (const step of steps) results.push((await streaming.invoke(step)).y);
    await streaming.reset();
    results.push((await streaming.invoke(steps[0]!)).y);
    await streaming.close();
    const vectors = steps.map((data) => new Map([['x', { dtype: 'int8' as const, shape: [1, 2], data }]]));
    const expected = evaluateSteps((await compile(streamModel(), options)).reference, vectors).map(
      (each) => each.get('y')!.data,
    );
    expect(results).toEqual([...expected, expected[0]]);
  });
});
