/** Chains, a residual block, pools and broadcast inputs in bands: every byte of every band on the host, and on a core. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runOnHost } from '../../test/fuzz/device.js';
import { inputsFor, ModelSketch, tensor } from '../../test/support/model-sketch.js';
import { readModelFile } from '../cli/model-file.js';
import type { Compilation } from '../compilation.js';
import { compile } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { contextBytesOf } from '../phases/6-emit/buffers.js';
import { measure } from '../toolchain/measure.js';
import { packageRoot } from '../toolchain/package-root.js';
import { loadVectors } from '../verify/vectors.js';
import { verifyModel } from '../verify/verify.js';

const FLOAT = 'float32';

/** 3x3 convolution in float, `channels` in and out but for the first. */
function convolution(sketch: ModelSketch, from: string, to: string, sizes: [number, number], stride = 1): string {
  const weights = Array.from({ length: 97 }, (_, i) => ((i * 37) % 127) - 60);
  const bytes = sketch.constant(`${to}.w`, tensor('int8', [sizes[1], sizes[0], 3, 3], ...weights));
  const w = sketch.dequantize(bytes, { scale: 0.004, zero: 0 });
  return sketch.node('Conv', [from, w], to, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [stride, stride] });
}

/** x -> conv -> (conv -> conv) + itself -> max pool -> conv of stride 2. */
function residual(height: number): ModelSketch {
  const sketch = new ModelSketch();
  const q = { scale: 0.05, zero: 3 };
  const step = (from: string) => sketch.dequantize(sketch.quantize(from, `${from}_q`, q), q);
  sketch.input('x', 'int8', 1, 2, height, 12);
  const a = step(convolution(sketch, sketch.dequantize('x', q), 'a', [2, 6]));
  const b = step(convolution(sketch, a, 'b', [6, 6]));
  const c = step(convolution(sketch, b, 'c', [6, 6]));
  const sum = step(sketch.node('Relu', [step(sketch.node('Add', [a, c], 'sum'))], 'r'));
  const pooled = step(sketch.node('MaxPool', [sum], 'pooled', { kernel_shape: [2, 3], pads: [0, 1, 0, 1] }));
  sketch.quantize(convolution(sketch, pooled, 'd', [6, 4], 2), 'y', q);
  return sketch.output('y', 'int8', 1, 4, Math.ceil((height - 1) / 2), 6);
}

const compileSketch = (sketch: ModelSketch, name: string, options: { ram?: number; target?: string } = {}) =>
  compile({ fileName: `${name}.onnx`, bytes: sketch.bytes() }, { target: 'host', name, ...options });

const ramOf = (compilation: Compilation): number => contextBytesOf(compilation);

const vectorsOf = ({ reference }: Compilation): ReadonlyMap<string, Tensor>[] => inputsFor(reference);

describe('bands', () => {
  it.each([9, 16, 23])(
    'a residual block of %i rows fits into less, and every band has the right bytes',
    async (rows) => {
      const whole = await compileSketch(residual(rows), 'whole');
      const cases: Compilation[] = [];
      for (const part of [0.9, 0.8]) {
        const ram = Math.floor(ramOf(whole) * part);
        const banded = await compileSketch(residual(rows), `m${cases.length}`, { ram });
        expect(ramOf(banded)).toBeLessThanOrEqual(ram);
        expect(banded.bands!.macs.after).toBe(banded.bands!.macs.before);
        expect(banded.plan.calls.filter(({ node }) => node.name.includes('__band')).length).toBeGreaterThan(2);
        cases.push(banded);
      }
      const problems = await runOnHost(cases.map((compilation) => ({ compilation, vectors: vectorsOf(compilation) })));
      expect(problems).toEqual([undefined, undefined]);
    },
  );

  it('cuts a single row along its pixels', async () => {
    const sketch = new ModelSketch();
    sketch.input('x', FLOAT, 1, 3, 64);
    const w = (name: string, shape: number[]) => sketch.constant(name, tensor(FLOAT, shape, 0.5, -0.25, 0.125));
    sketch.node('Conv', ['x', w('w1', [16, 3, 5])], 'a', { kernel_shape: [5], pads: [2, 2] });
    sketch.node('Conv', ['a', w('w2', [4, 16, 3])], 'b', { kernel_shape: [3], pads: [1, 1], strides: [2] });
    sketch.node('Relu', ['b'], 'y');
    sketch.output('y', FLOAT, 1, 4, 32);
    const whole = await compileSketch(sketch, 'whole');
    const banded = await compileSketch(sketch, 'banded', { ram: Math.floor(ramOf(whole) * 0.7) });
    expect(banded.bands!.regions[0]!.bands).toBeGreaterThan(1);
    expect(await runOnHost([{ compilation: banded, vectors: vectorsOf(banded) }])).toEqual([undefined]);
  });

  it('verification compares the rows of every band, on a core', async () => {
    const whole = await compileSketch(residual(16), 'whole', { target: 'cortex-m4' });
    const ram = Math.floor(ramOf(whole) * 0.75);
    const banded = await compileSketch(residual(16), 'banded', { target: 'cortex-m4', ram });
    const vectors = vectorsOf(banded);
    const set = { vectors, labels: vectors.map((_, index) => `vector ${index}`) };
    const result = await verifyModel(banded, set, { onnxRuntime: 'off' });
    expect(result.firstDivergence?.message).toBeUndefined();
    expect(result.passed).toBe(true);
    expect(result.withoutCounterpart.filter((name) => !/__(part|window)/.test(name))).toEqual([]);
  });

  it('leaves a model alone that fits', async () => {
    const whole = await compileSketch(residual(16), 'whole');
    const same = await compileSketch(residual(16), 'whole', { ram: ramOf(whole) });
    expect(same.bands).toBeUndefined();
    expect(same.plan.calls).toEqual(whole.plan.calls);
  });

  it('says what was reached where bands do not do', async () => {
    await expect(compileSketch(residual(16), 'small', { ram: 200 })).rejects.toThrow(
      /NC0404.*200 bytes of RAM; the least that was reached is [\d,]+/,
    );
    const wished = await compile(
      { fileName: 'small.onnx', bytes: residual(16).bytes() },
      { target: 'host', maxRam: 200 },
    );
    expect(wished.diagnostics.find(({ code }) => code === 'NC0404')?.severity).toBe('warning');
  });
});

const folder = process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models');
const ic = join(folder, 'mlperf-tiny/ic_resnet8_int8');

it.skipIf(!existsSync(`${ic}.onnx`))('ic in 24,000 bytes at no more than 1.25 times the instructions', async () => {
  const compileIc = (options: { ram?: number }) =>
    compile(readModelFile(`${ic}.onnx`), { target: 'cortex-m4', ...options });
  const [whole, banded] = [await compileIc({}), await compileIc({ ram: 24_000 })];
  expect(ramOf(banded)).toBeLessThanOrEqual(24_000);
  const vectors = await loadVectors(banded.reference, `${ic}.vectors.npz`);
  const set = { vectors: vectors.vectors.slice(0, 1), labels: vectors.labels.slice(0, 1) };
  const verified = await verifyModel(banded, set, { onnxRuntime: 'off' });
  expect(verified.firstDivergence?.message).toBeUndefined();
  expect(verified.passed).toBe(true);
  const [before, after] = [await measure(whole, { instructions: true }), await measure(banded, { instructions: true })];
  expect(after.instructions!).toBeLessThanOrEqual(1.25 * before.instructions!);
});
