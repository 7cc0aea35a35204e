/** Models that share one arena: built, verified together, and what verification finds when they disturb each other. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmittedFile } from '../../compiler/compilation.js';
import { type Composite, compositeMemory, makeComposite } from '../../compiler/composite/composite.js';
import { emitHost } from '../../compiler/emit-host.js';
import { compile } from '../../compiler/index.js';
import { emitCompositeLibrary } from '../../compiler/phases/6-emit/index.js';
import { verifyComposite } from '../../compiler/verify/composite.js';
import { defaultVectors } from '../../compiler/verify/vectors.js';
import { codesIn, nanoc } from '../support/command-line.js';
import { buildModel } from '../support/onnx-builder.js';
import { workFolder } from '../support/work-folder.js';

const STATE = 'sum_out=sum_in';

/** Adds up its inputs, step by step. */
function adder(size: number): Uint8Array {
  const shape = [1, size];
  return buildModel({
    inputs: [
      { name: 'x', dtype: 'float32', shape },
      { name: 'sum_in', dtype: 'float32', shape },
    ],
    outputs: [
      { name: 'y', dtype: 'float32', shape },
      { name: 'sum_out', dtype: 'float32', shape },
    ],
    nodes: [
      { op: 'Add', inputs: ['x', 'sum_in'], outputs: ['sum_out'] },
      { op: 'Relu', inputs: ['sum_out'], outputs: ['y'] },
    ],
  });
}

/** No state, and a larger arena. */
function scorer(size: number): Uint8Array {
  const weights = Float32Array.from({ length: size * 3 }, (_, i) => ((i * 37) % 19) / 19 - 0.5);
  return buildModel({
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, size] }],
    outputs: [{ name: 'scores', dtype: 'float32', shape: [1, 3] }],
    initializers: [{ name: 'w', tensor: { dtype: 'float32', shape: [size, 3], data: weights } }],
    nodes: [
      { op: 'Relu', inputs: ['x'], outputs: ['positive'] },
      { op: 'MatMul', inputs: ['positive', 'w'], outputs: ['scores'] },
    ],
  });
}

async function compositeOf(target: string): Promise<Composite> {
  const models = [
    await compile({ fileName: 'adder.onnx', bytes: adder(8) }, { target, states: [STATE] }),
    await compile({ fileName: 'scorer.onnx', bytes: scorer(40) }, { target }),
    // A second one with state: of the same operators, so that they need the same kernels.
    await compile({ fileName: 'other.onnx', bytes: adder(5) }, { target, states: [STATE] }),
  ];
  return makeComposite('trio', models);
}

const setsOf = ({ models }: Composite) =>
  models.map(({ reference }) => defaultVectors(reference, { count: 12, seed: 3 }));

/** The emitted C with a defect in one file. */
function damaged(path: string, from: string, to: string) {
  return (composite: Composite): EmittedFile[] =>
    emitCompositeLibrary(composite, emitHost()).map((file) => {
      if (file.path !== path) return file;
      expect(file.content).toContain(from);
      return { path, content: file.content.replaceAll(from, to) };
    });
}

describe('models in one arena', () => {
  it.each(['host', 'cortex-m0', 'cortex-m4', 'rv32imc'])('%s: none changes what another gives', async (target) => {
    const composite = await compositeOf(target);
    const result = await verifyComposite(composite, setsOf(composite));
    expect(result).toEqual({ passed: true, runs: 36, changes: result.changes });
    expect(result.changes).toBeGreaterThan(12);
  });

  it('takes the largest arena, and states apart', async () => {
    const composite = await compositeOf('cortex-m4');
    const arenas = composite.models.map(({ plan }) => plan.arenaBytes);
    const states = composite.models.map(({ plan }) => plan.stateBytes);
    expect(states).toEqual([32, 0, 20]);
    const { arena, total } = compositeMemory(composite);
    expect(arena).toBe(Math.max(...arenas));
    expect(total).toBeLessThan(arenas.reduce((sum, bytes) => sum + bytes, 0) + 32 + 20 + 3 * 8 + 32);
  });

  it('finds a state that lies in the arena', async () => {
    const composite = await compositeOf('host');
    const emit = damaged(
      'adder.c',
      'uint8_t *const state = model->state;',
      'uint8_t *const state = model->arena + 64;',
    );
    const result = await verifyComposite(composite, setsOf(composite), { emit });
    expect(result.passed).toBe(false);
    expect(result.divergence).toMatch(/^run 1 of 36, vector 1 of adder: output "y" is not the reference's/);
  });

  it('finds a model that writes into the context of another', async () => {
    const composite = await compositeOf('cortex-m4');
    const emit = damaged(
      'scorer.c',
      'model->next_step = 0;\n  return SCORER_OK;',
      '((uint8_t *)(void *)model)[-40] ^= 1u;\n  model->next_step = 0;\n  return SCORER_OK;',
    );
    const result = await verifyComposite(composite, setsOf(composite), { emit });
    expect(result.passed).toBe(false);
    expect(result.divergence).toMatch(/of scorer: the context of another model has changed|of adder: output/);
  });
});

describe('nanoc build and verify of several models', () => {
  const work = workFolder();

  it('takes a nanoc.json that names them, with the options of their own', async () => {
    work.write('adder.onnx', adder(8));
    work.write('scorer.onnx', scorer(40));
    work.write(
      'nanoc.json',
      JSON.stringify({ models: ['adder.onnx', 'scorer.onnx'], name: 'pair', target: 'cortex-m4', maxRam: 5000 }),
    );
    const output = join(work.path, 'out');
    const common = ['--target', 'cortex-m4'];
    const result = await nanoc(['build', work.path, ...common, '--output', output, '--json']);
    expect(result.err).toBe('');
    const { ok, builds } = JSON.parse(result.out);
    expect(ok).toBe(true);
    expect(builds[0].ram).toBeLessThan(builds[0].alone.ram);
    expect(builds[0].arena).toBe(
      Math.max(...builds[0].models.map((model: { plan: { arenaBytes: number } }) => model.plan.arenaBytes)),
    );
    for (const file of [
      'pair.h',
      'adder.c',
      'scorer_weights.c',
      'adder/plan.json',
      'main.c',
      'pair.elf',
      'nanoc.lock',
    ]) {
      expect(existsSync(join(output, file)), file).toBe(true);
    }
    expect(readFileSync(join(output, 'pair.h'), 'utf8')).toContain('What survives');
    expect(readFileSync(join(output, 'adder.h'), 'utf8')).toContain('adder_init(adder_t *model, uint8_t *arena);');
    const over = await nanoc(['build', work.path, '--output', output, '--max-ram', '16', '--json']);
    expect(over.exitCode).toBe(1);
    expect(codesIn(over)).toEqual(['NC0401']);
    const verified = await nanoc(['verify', work.path, '--target', 'host', '--count', '6', '--json']);
    expect(JSON.parse(verified.out).composites).toEqual([
      { target: 'host', passed: true, runs: 12, changes: expect.any(Number) },
    ]);
  });

  it('refuses what cannot be put together, by name', async () => {
    const a = work.write('a.onnx', scorer(4));
    const b = work.write('b.onnx', scorer(8));
    const codes = async (...args: string[]) =>
      codesIn(await nanoc(['build', ...args, '--no-compile', '--output', join(work.path, 'o')]));
    expect(await codes(a, a, '--target', 'host')).toEqual(['NC0761']);
    expect(await codes(a, b, '--target', 'host', '--name', 'a')).toEqual(['NC0761']);
    expect(await codes(a, b, '--target', 'host', '--state', 'y=x')).toEqual(['NC0761']);
    expect(await codes(a, b, '--target', 'esp32s3')).toEqual(['NC0761']);
    expect(await codes(a, b, '--target', 'host', '--max-instructions', '5')).toEqual(['NC0761']);
    expect(await codes(a, b)).toEqual(['NC0804']);
    expect(codesIn(await nanoc(['verify', a, b, '--target', 'host', '--vectors', a]))).toEqual(['NC0761']);
    work.write('nanoc.json', JSON.stringify({ models: ['a.onnx', 'b.onnx'], target: 'host' }));
    expect(codesIn(await nanoc(['run', work.path]))).toEqual(['NC0802']);
  });
});
