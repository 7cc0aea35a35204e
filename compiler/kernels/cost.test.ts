/** The cost model against the simulator: within 15 % for layers above 20,000 instructions. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listModels, modelsFolder } from '../../bench/models.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { smallModelBytes } from '../../test/support/small-model.js';
import { readModelFile } from '../cli/model-file.js';
import type { CompileOptions, ModelSource } from '../compilation.js';
import { compile } from '../index.js';
import { runModel } from '../simulate/session.js';
import { defaultVectors } from '../verify/default-vectors.js';

const SLOW_MS = 300_000;
const TOLERANCE = 0.15;
const SMALLEST = 20_000;

interface Layer {
  readonly name: string;
  readonly measured: number;
  readonly predicted?: number;
}

/** Every layer of a model; what has no formula has no prediction. */
async function layersOf(source: ModelSource, options: CompileOptions): Promise<readonly Layer[]> {
  const compilation = await compile(source, options);
  const { vectors } = defaultVectors(compilation.reference, { count: 2 });
  const { layers } = await runModel(compilation, vectors, { mode: 'profile' });
  return compilation.plan.calls.map(({ function: name, predicted }, step) => ({
    name: `${name} on ${options.target}`,
    measured: layers![step]!.instructions!,
    ...(predicted === undefined ? {} : { predicted: predicted.instructions }),
  }));
}

/** Lines for the layers that were predicted wrong. */
function wrong(layers: readonly Layer[]): string[] {
  return layers
    .filter(({ measured, predicted }) => predicted !== undefined && measured > SMALLEST)
    .filter(({ measured, predicted }) => Math.abs(predicted! - measured) > TOLERANCE * measured)
    .map(({ name, measured, predicted }) => `${name}: ${predicted} predicted, ${measured} measured`);
}

const examples = listModels().filter(({ name }) => name.startsWith('examples/'));
const outside = modelsFolder();
const others = ['kws_dscnn_int8', 'ic_resnet8_int8', 'sww_int8', 'ad01_int8']
  .map((name) => join(outside ?? '', 'mlperf-tiny', `${name}.onnx`))
  .filter((path) => outside !== undefined && existsSync(path));

const xtensa = (await simulatedTargets()).filter((name) => name === 'lx7');

const choices = [
  { target: 'cortex-m4', kernels: 'auto', optimize: 'balanced' },
  { target: 'cortex-m4', kernels: 'auto', optimize: 'speed' },
  { target: 'cortex-m4', kernels: 'auto', optimize: 'size' },
  { target: 'cortex-m55', kernels: 'auto', optimize: 'balanced' },
  { target: 'cortex-m3', kernels: 'auto', optimize: 'balanced' },
  { target: 'cortex-m0', kernels: 'auto', optimize: 'balanced' },
  { target: 'rv32imc', kernels: 'auto', optimize: 'balanced' },
  ...xtensa.map((target) => ({ target, kernels: 'auto', optimize: 'balanced' }) as const),
  { target: 'cortex-m4', kernels: 'portable', optimize: 'balanced' },
  { target: 'cortex-m3', kernels: 'portable', optimize: 'balanced' },
  { target: 'cortex-m0', kernels: 'portable', optimize: 'balanced' },
  { target: 'rv32imc', kernels: 'portable', optimize: 'balanced' },
] as const;

describe.each(choices)('the cost model, $target $kernels $optimize', (options) => {
  it('is within 15 % on the layers of the examples', { timeout: SLOW_MS }, async () => {
    for (const { path, name: _, peer: __, ...rest } of examples) {
      expect(wrong(await layersOf(readModelFile(path), { ...options, ...rest }))).toEqual([]);
    }
  });

  it.skipIf(others.length === 0)('is within 15 % on the layers of MLPerf Tiny', { timeout: SLOW_MS }, async () => {
    for (const path of others) expect(wrong(await layersOf(readModelFile(path), options))).toEqual([]);
  });
});

describe('a prediction', () => {
  const source = { fileName: 'small.onnx', bytes: smallModelBytes() };

  it('is made where there is a formula, and nowhere else', async () => {
    const calls = async (target: string) => (await compile(source, { target })).plan.calls;
    const conv = (await calls('cortex-m4')).find(({ node }) => node.op === 'Conv');
    expect(conv?.predicted?.instructions).toBeGreaterThan(0);
    expect((await calls('host')).filter(({ predicted }) => predicted !== undefined)).toEqual([]);
  });

  it('that is wrong by more is found', () => {
    const layer = { name: 'k', measured: 100_000 };
    expect(wrong([{ ...layer, predicted: 114_000 }, layer, { ...layer, measured: 19_000, predicted: 1 }])).toEqual([]);
    expect(wrong([{ ...layer, predicted: 84_000 }])).toHaveLength(1);
  });
});
