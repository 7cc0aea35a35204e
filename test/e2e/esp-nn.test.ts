/**
 * Calls of ESP-NN, the default of the ESP32-P4, whose generic kernels run on the cores that stand for the chips; on the ESP32-S3's own core, where
 * its tools are installed, those for its vectors. The examples, and the models of NANOC_MODELS or ../shared/models where they are.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listModels } from '../../bench/models.js';
import { readModelFile } from '../../compiler/cli/model-file.js';
import type { CompileOptions } from '../../compiler/compilation.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { lockSchema } from '../../compiler/report/index.js';
import { onProof } from '../../compiler/simulate/proof.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { defaultVectors } from '../../compiler/verify/default-vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { nanoc } from '../support/command-line.js';
import { simulatedTargets } from '../support/simulated-targets.js';
import { testedEspNn } from '../support/vendor-copies.js';
import { workFolder } from '../support/work-folder.js';

const library = await testedEspNn();
const simulated = await simulatedTargets();
const work = workFolder();
const example = (name: string) => join(packageRoot(), `examples/${name}/${name}.onnx`);
const full = process.env.NANOC_FULL === '1';

async function isProven(model: string, target: string, options: Partial<CompileOptions> = {}): Promise<void> {
  const compilation = await onProof(await compile(readModelFile(model), { target, libraries: [library!], ...options }));
  expect(compilation.plan.calls.filter(({ family }) => family === 'esp-nn').length).toBeGreaterThan(1);
  const vectors = defaultVectors(compilation.reference, { count: 2 });
  const result = await verifyModel(compilation, vectors, { onnxRuntime: 'off' });
  expect(result.firstDivergence?.message).toBeUndefined();
  expect(result.passed).toBe(true);
}

describe.skipIf(library === undefined)('models with ESP-NN', () => {
  it.skipIf(!['lx7', 'rv32imc'].every((core) => simulated.includes(core))).each([
    { target: 'esp32s3', name: 'digits' },
    { target: 'esp32', name: 'motion' },
    { target: 'esp32p4', name: 'digits' },
  ])(
    '$name on $target',
    async ({ target, name }) => {
      await isProven(example(name), target, { kernels: 'esp-nn' });
    },
    60_000,
  );

  const quick = ['mlperf-tiny/kws_dscnn_int8', 'mlperf-tiny/ad01_int8', 'mlperf-tiny/sww_int8'];
  const names = [...quick, ...(full ? ['mlperf-tiny/ic_resnet8_int8', 'streaming/alexa'] : [])];
  it.skipIf(!simulated.includes('lx7')).each(listModels().filter(({ name }) => names.includes(name)))(
    '$name on esp32s3',
    async ({ path, states }) => {
      await isProven(path, 'esp32s3', { kernels: 'esp-nn', ...(states === undefined ? {} : { states }) });
    },
    240_000,
  );
});

describe('a project that calls ESP-NN', () => {
  it('pins its release, with or without a copy here', async () => {
    const source = readModelFile(example('digits'));
    const files = await emitFiles(await compile(source, { target: 'esp32s3', kernels: 'esp-nn' }));
    const text = (path: string) => files.find((file) => file.path === path)!.content;
    expect(text('components/digits/idf_component.yml')).toContain('espressif/esp-nn: "==1.2.6"');
    expect(text('components/digits/CMakeLists.txt')).toContain('runtime/src/esp-nn/nanoc_esp_convolve_s8.c');
    const named = { name: 'esp-nn', version: '1.2.6', rounding: 'double' };
    expect(lockSchema.parse(JSON.parse(text('nanoc.lock')))).toMatchObject({ numerics: 'tflite', libraries: [named] });
    const own = await emitFiles(await compile(source, { target: 'esp32s3' }));
    expect(own.find(({ path }) => path.endsWith('idf_component.yml'))!.content).not.toContain('esp-nn');
  });

  it("has room on the main task's stack for the library's arrays", async () => {
    const stackOf = async (kernels: CompileOptions['kernels']) => {
      const files = await emitFiles(
        await compile(readModelFile(example('digits')), { target: 'esp32p4', kernels: kernels ?? 'auto' }),
      );
      const defaults = files.find(({ path }) => path === 'sdkconfig.defaults')!.content;
      return /^CONFIG_ESP_MAIN_TASK_STACK_SIZE=(\d+)$/m.exec(defaults)![1];
    };
    expect(await stackOf('native')).toBe('8192');
    expect(await stackOf('esp-nn')).toBe('9216');
  });

  it('cannot be run without a copy, which is said', async () => {
    const args = [example('digits'), '--target', 'esp32p4', '--output', join(work.path, 'out')];
    const verified = await nanoc(['verify', ...args.slice(0, 3)], { cwd: work.path });
    expect(verified.exitCode).toBe(3);
    expect(verified.err).toMatch(/NC0613[\s\S]*--kernels native/);
    const built = await nanoc(['build', ...args, '--max-instructions', '10M'], { cwd: work.path });
    expect(built.exitCode).toBe(3);
    expect(existsSync(join(work.path, 'out/components/digits/digits.c'))).toBe(true);
  });

  it('takes a folder that is no copy for an error', async () => {
    const args = ['build', example('digits'), '--target', 'esp32p4', '--esp-nn', work.path];
    const result = await nanoc(args, { cwd: work.path });
    expect(result.exitCode).toBe(2);
    expect(result.err).toContain('NC0611');
  });
});
