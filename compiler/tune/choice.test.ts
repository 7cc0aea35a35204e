/**
 * `--kernels auto` against measurement: on no layer is there a kernel that fits and takes notably fewer instructions than the one that
 * is chosen. Every candidate of every layer is measured, as `nanoc tune` does.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listModels, modelsFolder } from '../../bench/models.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { readModelFile } from '../cli/model-file.js';
import type { CompileOptions, ModelSource } from '../compilation.js';
import { tuneModel } from './tune-model.js';
import type { TuneRun } from './tune-table.js';

const SLOW_MS = 600_000;
/** The timer of the simulators has a resolution, and few instructions decide nothing. */
const NOISE = { share: 0.02, instructions: 400 };

const cacheFolder = mkdtempSync(join(tmpdir(), 'nanoc-choice-'));
afterAll(() => rmSync(cacheFolder, { recursive: true }));

/** Lines of the layers whose first candidate, which auto takes, is slower than another. */
function slower({ layers }: TuneRun): string[] {
  return layers.flatMap(({ output, candidates: [chosen, ...others] }) =>
    others
      .filter(({ instructions }) => chosen!.instructions > instructions * (1 + NOISE.share) + NOISE.instructions)
      .map((other) => `${output}: ${chosen!.kernel} ${chosen!.instructions}, ${other.kernel} ${other.instructions}`),
  );
}

async function measured(source: ModelSource, options: CompileOptions): Promise<TuneRun> {
  return (await tuneModel(source, { ...options, kernels: 'auto' }, { cacheFolder })).run;
}

const examples = listModels().filter(({ name }) => name.startsWith('examples/'));
const outside = process.env.NANOC_FULL === undefined ? undefined : modelsFolder();
const others = ['kws_dscnn_int8', 'ic_resnet8_int8', 'sww_int8', 'ad01_int8']
  .map((name) => join(outside ?? '', 'mlperf-tiny', `${name}.onnx`))
  .filter((path) => outside !== undefined && existsSync(path));

const optional = (await simulatedTargets()).filter((name) => ['lx7', 'lx7-pie', 'rv32imc'].includes(name));

describe.each(['cortex-m4', 'cortex-m3', 'cortex-m0', 'cortex-m55', ...optional])('the choice for %s', (target) => {
  it('is no slower than another kernel on any layer of the examples', { timeout: SLOW_MS }, async () => {
    for (const { path, name: _, peer: __, ...rest } of examples) {
      expect(slower(await measured(readModelFile(path), { ...rest, target }))).toEqual([]);
    }
  });

  it.skipIf(others.length === 0).each(['balanced', 'speed'] as const)(
    'nor of MLPerf Tiny, %s',
    { timeout: SLOW_MS },
    async (optimize) => {
      for (const path of others) expect(slower(await measured(readModelFile(path), { target, optimize }))).toEqual([]);
    },
  );
});

describe('a slower choice', () => {
  it('is found', () => {
    const run = (first: number, second: number): TuneRun => ({
      ...{ target: 't', kernels: 'auto', optimize: 'balanced', tools: 'gcc' },
      layers: [
        {
          output: 'y',
          kernel: 'a',
          candidates: [
            { kernel: 'a', instructions: first },
            { kernel: 'b', instructions: second },
          ],
        },
      ],
    });
    expect(slower(run(10_000, 9_000))).toEqual(['y: a 10000, b 9000']);
    expect(slower(run(10_000, 9_900))).toEqual([]);
    expect(slower(run(9_000, 10_000))).toEqual([]);
  });
});
