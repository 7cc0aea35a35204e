/** `nanoc build --package`: the shape of each ecosystem, by its own checker where a registry has one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { compile, emitPackage } from '../../compiler/index.js';
import type { LibraryKind } from '../../compiler/phases/6-emit/packages.js';
import { nanoc } from '../support/command-line.js';
import { pythonPackages } from '../support/python-packages.js';
import { branchModel } from '../support/quantized-models.js';
import { workFolder } from '../support/work-folder.js';

const work = workFolder();
const arm = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'];

/** Writes the package into the work folder; returns paths of its files. */
async function write(kind: LibraryKind, target = 'cortex-m4'): Promise<string[]> {
  const files = await emitPackage(await compile(branchModel(), { target }), kind);
  for (const { path, content } of files) {
    mkdirSync(dirname(join(work.path, path)), { recursive: true });
    writeFileSync(join(work.path, path), content);
  }
  return files.map(({ path }) => path);
}

/** Compiles each C source of the package as an ecosystem does. */
async function compiles(paths: readonly string[], flags: readonly string[]): Promise<void> {
  const sources = paths.filter((path) => path.endsWith('.c'));
  expect(sources.length).toBeGreaterThan(3);
  await execa('arm-none-eabi-gcc', [...arm, '-O2', '-Wall', '-Werror', ...flags, '-c', ...sources], { cwd: work.path });
}

describe('packages', () => {
  it('plain is the C alone', async () => {
    const paths = await write('plain');
    expect(paths).not.toContain('CMakeLists.txt');
    await compiles(paths, ['-std=c99', '-ffp-contract=off', '-I.', '-Iruntime/include']);
  });

  it('arduino: fields as the specification wants them, sources in one folder, a sketch that compiles', async () => {
    const paths = await write('arduino');
    const lines = readFileSync(join(work.path, 'library.properties'), 'utf8').trimEnd().split('\n');
    const fields = new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    const required = [
      'name',
      'version',
      'author',
      'maintainer',
      'sentence',
      'paragraph',
      'category',
      'url',
      'architectures',
    ];
    for (const name of required) expect(fields.get(name), name).toMatch(/\S/);
    expect(fields.get('name')).toMatch(/^[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}$/);
    expect(fields.get('version')).toMatch(/^\d+\.\d+\.\d+$/);
    expect(fields.get('category')).toBe('Data Processing');
    expect(paths).toContain(`src/${fields.get('includes')}`);
    await compiles(paths, ['-std=gnu11', '-Isrc']);
    mkdirSync(join(work.path, 'stub'));
    writeFileSync(
      join(work.path, 'stub/Arduino.h'),
      'struct Port { void begin(long); void println(const char *); };\nextern Port Serial;\n',
    );
    const sketch = ['-x', 'c++', '-include', 'stub/Arduino.h', '-Isrc', '-Wall', '-Werror', '-fsyntax-only'];
    await execa('g++', [...sketch, 'examples/Selftest/Selftest.ino'], { cwd: work.path });
  });

  it('arduino: no fused multiply-add, although no flag says so', async () => {
    const paths = await write('arduino');
    const source = readFileSync(join(work.path, paths.find((path) => path.endsWith('branch.c'))!), 'utf8');
    const body = 'float f(float a, float b, float c) { return a * b + c; }\n';
    const pragma = source.slice(0, source.indexOf('/*'));
    const code = async (text: string) => {
      writeFileSync(join(work.path, 'f.c'), text);
      return (await execa('arm-none-eabi-gcc', [...arm, '-O2', '-S', '-o', '-', 'f.c'], { cwd: work.path })).stdout;
    };
    expect(await code(body)).toContain('vfma');
    expect(await code(pragma + body)).not.toContain('vfma');
  });

  it('platformio: a manifest that its own parser and schema take', async () => {
    const paths = await write('platformio');
    await compiles(paths, ['-std=gnu11', '-Isrc', '-ffp-contract=off']);
    const folder = await pythonPackages(['platformio==6.1.18']);
    if (folder === undefined) return;
    const script = [
      'import sys',
      'from platformio.package.manifest.parser import ManifestParserFactory',
      'from platformio.package.manifest.schema import ManifestSchema',
      'parser = ManifestParserFactory.new_from_file(sys.argv[1])',
      'print(ManifestSchema().load_manifest(parser.as_dict())["name"])',
    ].join('\n');
    const check = (file: string) =>
      execa('python3', ['-c', script, file], { cwd: work.path, env: { PYTHONPATH: folder } });
    expect((await check('library.json')).stdout).toBe('branch');
    const broken = readFileSync(join(work.path, 'library.json'), 'utf8').replace('"version"', '"versions"');
    mkdirSync(join(work.path, 'broken'));
    await expect(check(work.write('broken/library.json', broken))).rejects.toThrow(/version/);
  }, 120_000);

  it('zephyr: a module whose library CMake builds', async () => {
    await write('zephyr', 'host');
    expect(readFileSync(join(work.path, 'zephyr/module.yml'), 'utf8')).toMatch(
      /^name: branch\nbuild:\n {2}cmake: zephyr\n {2}kconfig: zephyr\/Kconfig\n$/m,
    );
    const kconfig = readFileSync(join(work.path, 'zephyr/Kconfig'), 'utf8');
    expect(kconfig).toMatch(/^config NANOC_BRANCH\n\tbool "/m);
    // What Zephyr's functions do, as far as a library of its own needs them.
    const project = `cmake_minimum_required(VERSION 3.16)
project(zephyr C)
set(CONFIG_NANOC_BRANCH y)
macro(zephyr_library_named name)
  set(library \${name})
  add_library(\${name} STATIC)
endmacro()
macro(zephyr_library_sources)
  target_sources(\${library} PRIVATE \${ARGN})
endmacro()
macro(zephyr_library_compile_options)
  target_compile_options(\${library} PRIVATE \${ARGN})
endmacro()
macro(zephyr_include_directories)
  target_include_directories(\${library} PUBLIC \${ARGN})
endmacro()
add_subdirectory(../zephyr module)
`;
    mkdirSync(join(work.path, 'app'));
    writeFileSync(join(work.path, 'app/CMakeLists.txt'), project);
    await execa('cmake', ['-S', 'app', '-B', 'app/build'], { cwd: work.path });
    await execa('cmake', ['--build', 'app/build'], { cwd: work.path });
    expect(existsSync(join(work.path, 'app/build/module/libbranch.a'))).toBe(true);
  }, 60_000);

  it('cmsis-pack: every file that the description names is there, and all C is named', async () => {
    const paths = await write('cmsis-pack');
    const text = readFileSync(join(work.path, 'nanoc.branch.pdsc'), 'utf8');
    const named = [...text.matchAll(/<file category="(\w+)" name="([^"]+)"/g)].map(([, category, path]) => ({
      category,
      path: path!,
    }));
    for (const { path } of named) expect(existsSync(join(work.path, path)), path).toBe(true);
    const sources = named.filter(({ category }) => category === 'sourceC').map(({ path }) => path);
    expect(sources.sort()).toEqual(paths.filter((path) => path.endsWith('.c')).sort());
    expect(text).toContain('<accept Dcore="Cortex-M33" Ddsp="DSP"/>');
    expect(text).not.toContain('Cortex-M3"/>');
    await compiles(paths, ['-std=gnu11', '-I.', '-Iruntime/include']);
  });
});

describe('nanoc build --package', () => {
  const build = (...args: string[]) => {
    const { bytes } = branchModel();
    const model = work.write('branch.onnx', bytes);
    return nanoc(['build', model, '--no-compile', '--output', join(work.path, 'out'), ...args]);
  };

  it('writes the package, and the program for a board in its folder of sources', async () => {
    expect((await build('--target', 'cortex-m4', '--package', 'arduino', '--board')).exitCode).toBe(0);
    expect(readdirSync(join(work.path, 'out/src'))).toEqual(expect.arrayContaining(['branch.h', 'branch_board.c']));
  });

  it.each([
    ['rv32imc', 'cmsis-pack', 'a CMSIS-Pack is for cores of Arm'],
    ['cortex-m4', 'esp-idf', 'choose --package cmake'],
    ['esp32c3', 'cmake', 'choose --package esp-idf'],
  ])('refuses for %s the package %s', async (target, kind, message) => {
    const { err, exitCode } = await build('--target', target, '--package', kind);
    expect(exitCode).not.toBe(0);
    expect(err).toContain('NC0622');
    expect(err).toContain(message);
    expect(existsSync(join(work.path, 'out'))).toBe(false);
  });
});
