/** The ESP-IDF projects: read by Espressif's own checkers, run on the host with stand-ins for ESP-IDF, proven on another core. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import type { EmittedFile } from '../../compiler/compilation.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { proofOf } from '../../compiler/simulate/proof.js';
import { listTargets, loadTarget } from '../../compiler/targets.js';
import { codesIn, nanoc } from '../support/command-line.js';
import { idfTools, runIdfTool } from '../support/idf-tools.js';
import { branchModel, streamModel } from '../support/quantized-models.js';
import { simulatedTargets } from '../support/simulated-targets.js';
import { smallModelBytes } from '../support/small-model.js';
import { workFolder } from '../support/work-folder.js';

const work = workFolder();
const tools = await idfTools();
const simulated = await simulatedTargets();
const CHIPS = ['esp32', 'esp32c3', 'esp32c6', 'esp32p4', 'esp32s3'];

function writeAll(folder: string, files: readonly EmittedFile[]): void {
  for (const { path, content } of files) {
    const at = join(folder, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
  }
}

/** A program for PATH. */
function program(name: string, script: string): string {
  const folder = join(work.path, `bin-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

it('are made for every target of ESP-IDF, each of which is proven on a target with a simulator', async () => {
  const targets = await Promise.all(listTargets().map(loadTarget));
  const chips = targets.filter(({ espIdf }) => espIdf !== undefined);
  expect(chips.map(({ name }) => name)).toEqual(CHIPS);
  for (const { proof } of chips) expect((await loadTarget(proof!.target)).qemu).toBeDefined();
});

describe.skipIf(tools === undefined)('files that Espressif has checkers for', () => {
  it.each(CHIPS)(
    '%s',
    async (target) => {
      const folder = join(work.path, `checked-${target}`);
      writeAll(folder, await emitFiles(await compile(branchModel(), { target })));
      const component = join(folder, 'components/branch');
      const lint =
        'import sys; from idf_component_manager.cli.core import initialize_cli as c; sys.argv[0]="compote"; c()()';
      const linted = await execa('python3', ['-c', lint, 'manifest', 'lint', component], {
        env: { PYTHONPATH: tools! },
        all: true,
      });
      expect(linted.all).not.toMatch(/error|invalid/i);
      const checked = await runIdfTool(tools!, 'kconfcheck', [join(component, 'Kconfig')], folder);
      expect(checked.all).toContain('Kconfig: OK');

      const foreign = ['SPIRAM', 'SPIRAM_RODATA', 'SPIRAM_XIP_FROM_PSRAM', 'SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY'];
      const kconfig = foreign.map((name) => `config ${name}\n    bool "${name}"\n`).join('');
      writeFileSync(join(folder, 'Kconfig'), `mainmenu "all"\n${kconfig}source "${component}/Kconfig"\n`);
      const wanted = ['SPIRAM', 'NANOC_BRANCH_ARENA_PSRAM', 'NANOC_BRANCH_WEIGHTS_INTERNAL'];
      writeFileSync(join(folder, 'sdkconfig'), wanted.map((name) => `CONFIG_${name}=y\n`).join(''));
      const args = ['--kconfig', 'Kconfig', '--config', 'sdkconfig', '--output', 'config', 'made'];
      await runIdfTool(tools!, 'kconfgen', args, folder);
      const made = readFileSync(join(folder, 'made'), 'utf8');
      const { psram } = (await loadTarget(target)).espIdf!;
      expect(made).toContain('CONFIG_NANOC_BRANCH_WEIGHTS_INTERNAL=y');
      expect(made.includes('CONFIG_NANOC_BRANCH_ARENA_PSRAM=y')).toBe(psram !== undefined);
      expect(made.includes('CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY=y')).toBe(psram !== undefined);
      expect(readFileSync(join(folder, 'sdkconfig.defaults'), 'utf8')).toContain(`CONFIG_IDF_TARGET="${target}"\n`);
    },
    120_000,
  );
});

/** Headers of ESP-IDF that main/ includes. The first delay ends the program. */
const STAND_INS: readonly EmittedFile[] = [
  { path: 'idf/sdkconfig.h', content: '' },
  { path: 'idf/esp_attr.h', content: '#define EXT_RAM_BSS_ATTR\n' },
  {
    path: 'idf/esp_timer.h',
    content: '#include <stdint.h>\nstatic inline int64_t esp_timer_get_time(void) { return 0; }\n',
  },
  { path: 'idf/freertos/FreeRTOS.h', content: '#include <stdint.h>\n#define pdMS_TO_TICKS(ms) (ms)\n' },
  {
    path: 'idf/freertos/task.h',
    content: '#include <stdlib.h>\nstatic inline void vTaskDelay(uint32_t ticks) { exit(ticks == 1000u ? 0 : 2); }\n',
  },
  { path: 'idf/start.c', content: 'void app_main(void);\nint main(void) {\n  app_main();\n  return 1;\n}\n' },
];
const WARNINGS = ['-std=c99', '-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Werror', '-Wno-missing-prototypes'];

/** Compiles a project for the host and runs its app_main. */
async function runProject(folder: string, name: string, files: readonly EmittedFile[]) {
  writeAll(folder, [...files, ...STAND_INS]);
  const sources = [...files, ...STAND_INS].map((file) => file.path).filter((each) => each.endsWith('.c'));
  const component = `components/${name}`;
  const includes = ['idf', 'main', component, `${component}/runtime/include`].map((each) => `-I${each}`);
  await execa('cc', [...WARNINGS, '-ffp-contract=off', ...includes, ...sources, '-o', 'app'], { cwd: folder });
  return execa('./app', [], { cwd: folder, reject: false });
}

describe('the firmware on the host', () => {
  it.each([
    { source: branchModel(), name: 'branch', options: {} },
    { source: streamModel(), name: 'stream', options: { states: ['next=past'] } },
  ])('checks every call of $name, and runs it', async ({ source, name, options }) => {
    const compilation = await compile(source, { target: 'esp32s3', kernels: 'native', ...options });
    const files = await emitFiles(compilation);
    const run = await runProject(join(work.path, name), name, files);
    expect(run.exitCode, run.stdout).toBe(0);
    const passed = run.stdout.match(/^PASS \d+ nanoc_/gm) ?? [];
    expect(passed.length).toBeGreaterThanOrEqual(compilation.plan.calls.length - 1);
    expect(run.stdout).toContain(`PASS ${name}: 0 calls differ`);
    expect(run.stdout).not.toContain('FAIL');
  });

  it('tells the call that is wrong', async () => {
    const files = await emitFiles(await compile(branchModel(), { target: 'esp32s3', kernels: 'native' }));
    const spoilt = files.map(({ path, content }) => ({
      path,
      content: path === 'main/calls_test.c' ? content.replace(/0x[0-9a-f]{8}u, "2 /, '0x00000000u, "2 ') : content,
    }));
    const run = await runProject(join(work.path, 'spoilt'), 'branch', spoilt);
    expect(run.stdout).toMatch(/^FAIL 2 nanoc_/m);
    expect(run.stdout).toContain('FAIL branch: 1 calls differ');
  });
});

it.each([
  ['log', 'log_model'],
  ['esp_dsp', 'esp_dsp_model'],
  ['vad', 'vad'],
])('a model called %s is the component %s', async (name, component) => {
  const files = await emitFiles(await compile(branchModel(), { target: 'esp32c3', name }));
  const text = (path: string) => files.find((file) => file.path === path)!.content;
  expect(text(`components/${component}/CMakeLists.txt`)).toContain(`"${name}.c"`);
  expect(text(`components/${component}/linker.lf`)).toContain(`archive: lib${component}.a`);
  expect(text('main/CMakeLists.txt')).toContain(`PRIV_REQUIRES ${component} esp_timer`);
});

describe('nanoc build', () => {
  const build = (target: string, ...more: string[]) =>
    nanoc(['build', work.write('small.onnx', smallModelBytes()), '--target', target, '--force', ...more], {
      cwd: work.path,
    });

  it('writes the project, says what was not checked and how to install it, and ends with 3', async () => {
    const result = await build('esp32c3');
    expect(result.exitCode).toBe(3);
    expect(codesIn(result)).toContain('NC0620');
    expect(result.err).toContain('esp-idf/install.sh esp32c3');
    expect(readFileSync(join(work.path, 'build/small/esp32c3/components/small/CMakeLists.txt'), 'utf8')).toContain(
      'idf_component_register',
    );
    expect((await build('esp32c3', '--no-compile')).exitCode).toBe(0);
  });

  it('builds a copy of the project with idf.py, and shows why that fails', async () => {
    const calls = join(work.path, 'calls');
    process.env.PATH = `${program('idf.py', `[ "$1" = --version ] || { echo "$@" > ${calls}; ls "$2" >> ${calls}; }`)}:${path}`;
    expect((await build('esp32s3')).exitCode).toBe(0);
    expect(readFileSync(calls, 'utf8')).toMatch(/^-C \S+\/project build\n[\s\S]*sdkconfig\.defaults\n/);
    process.env.PATH = `${program('idf.py', '[ "$1" = --version ] || { echo no such component; exit 2; }')}:${path}`;
    const refused = await build('esp32s3');
    expect(refused.exitCode).toBe(3);
    expect(refused.err).toMatch(/NC0621[\s\S]*no such component/);
  });

  it.skipIf(!simulated.includes('rv32imc'))('compiles the component with the compiler of the chip', async () => {
    const wrapper = program('riscv32-esp-elf-gcc', 'exec riscv64-unknown-elf-gcc -specs=picolibc.specs "$@"');
    process.env.PATH = `${wrapper}:${path}`;
    const result = await build('esp32c6');
    expect(result.exitCode).toBe(3);
    expect(result.err).toContain('compiled with riscv32-esp-elf-gcc, the project was not linked');
  });
});

describe.skipIf(!['lx7', 'rv32imc'].every((core) => simulated.includes(core)))('nanoc verify', () => {
  it.each(CHIPS)('%s, on the core that stands for it', async (target) => {
    const proof = await proofOf(await loadTarget(target));
    const model = work.write('small.onnx', smallModelBytes());
    const result = await nanoc(['verify', model, '--target', target, '--kernels', 'native', '--count', '2'], {
      cwd: work.path,
    });
    expect(result.exitCode, result.out + result.err).toBe(0);
    expect(result.err).toContain(`the C for ${target} is run on ${proof!.target}`);
    expect(result.out).toContain(`${target}: bit-exact at every layer`);
  });
});
