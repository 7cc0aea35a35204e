/**
 * `--kernels cmsis-nn` with the real library: every layer on the device against the reference, under either rounding. The examples
 * with the sources that a PyPI package carries or the copy in CMSIS_NN_PATH; the models of NANOC_MODELS or ../shared/models where they are.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { lockSchema } from '../../compiler/report/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import type { Rounding } from '../../compiler/vendor/cmsis-nn.js';
import { defaultVectors } from '../../compiler/verify/default-vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { writeFolder } from '../examples/expected.js';
import { HAS_CMAKE } from '../examples/firmware.js';
import { testedCmsisNn } from '../support/vendor-copies.js';

const library = await testedCmsisNn();
const full = process.env.NANOC_FULL === '1';
const shared = process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models');
const real = ['kws_dscnn_int8', 'ic_resnet8_int8', 'ad01_int8', 'sww_int8'].map((name) =>
  join(shared, `mlperf-tiny/${name}.onnx`),
);
const example = (name: string) => join(packageRoot(), `examples/${name}/${name}.onnx`);

async function compiled(model: string, target: string, rounding: Rounding) {
  const copy = (await testedCmsisNn(rounding))!;
  return compile(readModelFile(model), { target, kernels: 'cmsis-nn', libraries: [copy] });
}

async function isProven(model: string, target: string, rounding: Rounding): Promise<void> {
  const compilation = await compiled(model, target, rounding);
  expect(compilation.plan.calls.filter(({ family }) => family === 'cmsis-nn').length).toBeGreaterThan(1);
  const vectors = defaultVectors(compilation.reference, { count: 3 });
  const result = await verifyModel(compilation, vectors, { onnxRuntime: 'off' });
  expect(result.firstDivergence?.message).toBeUndefined();
  expect(result.passed).toBe(true);
}

describe.skipIf(library === undefined)('models with CMSIS-NN', () => {
  it.each([
    { target: 'cortex-m3', name: 'motion', rounding: 'double' as const },
    { target: 'cortex-m4', name: 'digits', rounding: 'single' as const },
    { target: 'cortex-m33', name: 'motion', rounding: 'single' as const },
    { target: 'cortex-m55', name: 'digits', rounding: 'double' as const },
  ])(
    '$name on $target, $rounding rounding',
    async ({ target, name, rounding }) => {
      await isProven(example(name), target, rounding);
    },
    60_000,
  );

  it('whose report and lock name the copy, its rounding and the profile of each layer', async () => {
    const files = await emitFiles(await compiled(example('digits'), 'cortex-m4', 'double'));
    const text = (path: string) => files.find((file) => file.path === path)!.content;
    const named = { name: 'cmsis-nn', version: library!.version, rounding: 'double' };
    expect(lockSchema.parse(JSON.parse(text('nanoc.lock')))).toMatchObject({ numerics: 'tflite', libraries: [named] });
    const report = JSON.parse(text('report.json'));
    expect(report.libraries).toMatchObject([named]);
    const vendor = report.layers.filter(({ family }: { family: string }) => family === 'cmsis-nn');
    expect(vendor.length).toBeGreaterThan(0);
    for (const { numerics, remarks, macs } of vendor) {
      // What moves bytes or picks the largest has no arithmetic.
      if (macs > 0) expect(remarks.join()).toContain(`profile ${numerics}`);
    }
    expect(text('CMakeLists.txt')).toContain('CMSIS_NN_PATH');
    expect(text('CMakeLists.txt')).not.toContain('CMSIS_NN_USE_SINGLE_ROUNDING');
    // Nothing of the library itself.
    expect(files.filter(({ path }) => /arm_\w+\.[ch]$/.test(path))).toEqual([]);
  });

  it.skipIf(!HAS_CMAKE)(
    'whose project fetches the pinned release: the fetched copy, given as FETCHCONTENT_SOURCE_DIR_CMSIS_NN, builds and runs',
    async () => {
      const compilation = await compiled(example('motion'), 'cortex-m4', 'single');
      const files = await emitFiles(compilation);
      const folder = mkdtempSync(join(tmpdir(), 'nanoc-fetch-'));
      try {
        const [project, copy, build] = ['project', 'copy', 'build'].map((name) => join(folder, name)) as [
          string,
          string,
          string,
        ];
        writeFolder(project, files);
        writeFolder(copy, library!.files);
        const text = readFileSync(join(project, 'CMakeLists.txt'), 'utf8');
        expect(text).toMatch(/FetchContent_Declare\(cmsis_nn GIT_REPOSITORY https:\/\/\S+ GIT_TAG [0-9a-f]{40} /);
        const core = library!.includeDirectories.find((path) => path !== 'Include');
        const options = [
          `-DCMAKE_TOOLCHAIN_FILE=${join(project, 'toolchain.cmake')}`,
          `-DFETCHCONTENT_SOURCE_DIR_CMSIS_NN=${copy}`,
          ...(core === undefined ? [] : [`-DCMSIS_CORE_PATH=${join(copy, core)}`]),
        ];
        await execa('cmake', ['-S', project, '-B', build, ...options], { env: { CMSIS_NN_PATH: '' } });
        const { stdout } = await execa('cmake', ['--build', build]);
        expect(stdout).toContain('arm_convolve_wrapper_s8');
        const elf = readdirSync(build).find((name) => name.endsWith('.elf'))!;
        const { command, machine } = compilation.target.qemu!;
        const run = await execa(command, ['-M', machine, '-nographic', '-semihosting', '-kernel', join(build, elf)], {
          timeout: 60_000,
          reject: false,
        });
        expect(run.exitCode, run.stdout).toBe(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    240_000,
  );

  for (const model of real.filter((path) => existsSync(path))) {
    for (const target of full
      ? ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m7', 'cortex-m33', 'cortex-m55']
      : ['cortex-m4', 'cortex-m55']) {
      it.skipIf(!full && !model.includes('kws'))(
        `${model.replace(/^.*\//, '')} on ${target}`,
        () => isProven(model, target, 'single'),
        120_000,
      );
    }
  }
});
