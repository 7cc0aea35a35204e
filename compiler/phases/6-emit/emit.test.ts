/** The C of small models: compiled with every warning by three compilers, run under sanitizers, linked together, included from C++. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../test/support/onnx-builder.js';
import { branchModel, streamModel } from '../../../test/support/quantized-models.js';
import type { CompileOptions, EmittedFile, ModelSource } from '../../compilation.js';
import { compile, emitFiles } from '../../index.js';

const WARNINGS = [
  '-std=c99',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Wshadow',
  '-Wpedantic',
  '-Werror',
  '-ffp-contract=off',
];
const INCLUDES = ['-I.', '-Iruntime/include'];

/** Inputs and outputs of several types; a float island; an output that is a constant and one that is an input. */
function portsModel(): ModelSource {
  const scalar = (value: number) => ({ dtype: 'float32' as const, shape: [], data: Float32Array.of(value) });
  const bytes = buildModel({
    inputs: [
      { name: 'pixels*/:0', dtype: 'uint8', shape: [2, 3] },
      { name: 'real', dtype: 'float32', shape: [2, 3] },
    ],
    outputs: [
      { name: 'sum', dtype: 'float32', shape: [2, 3] },
      { name: 'class', dtype: 'uint8', shape: [3, 2] },
    ],
    initializers: [
      { name: 's', tensor: scalar(0.5) },
      { name: 'z', tensor: { dtype: 'uint8', shape: [], data: Uint8Array.of(100) } },
    ],
    nodes: [
      { op: 'DequantizeLinear', name: 'dq', inputs: ['pixels*/:0', 's', 'z'], outputs: ['p'] },
      { op: 'Add', name: 'add ??/ \\', inputs: ['p', 'real'], outputs: ['sum'] },
      { op: 'Transpose', name: 'int', inputs: ['sum'], outputs: ['t'], attributes: { perm: [1, 0] } },
      { op: 'QuantizeLinear', name: 'q', inputs: ['t', 's', 'z'], outputs: ['class'] },
    ],
  });
  return { fileName: 'ports.onnx', bytes };
}

/** No inputs, no calls, no arena: the output is a constant. */
function constantModel(): ModelSource {
  const bytes = buildModel({
    inputs: [],
    outputs: [{ name: 'c', dtype: 'int8', shape: [3] }],
    initializers: [{ name: 'k', tensor: { dtype: 'int8', shape: [3], data: Int8Array.of(1, -128, 3) } }],
    nodes: [{ op: 'Identity', inputs: ['k'], outputs: ['c'] }],
  });
  return { fileName: 'constant.onnx', bytes };
}

async function emitted(source: ModelSource, options: Partial<CompileOptions> = {}): Promise<EmittedFile[]> {
  return emitFiles(await compile(source, { target: 'host', ...options }));
}

/** Calls everything of the API that has a result to look at; its output is compared. */
const MAIN = `#include <stdio.h>
#include <string.h>
#include "branch.h"
#include "constant.h"
#include "ports.h"
#include "stream.h"
static branch_t branch;
static stream_t stream;
static ports_t ports;
static constant_t constant;
static struct { char shift; stream_t model; } unaligned;
int main(void) {
  printf("init %d %d %d\\n", branch_init(&branch), stream_init(&stream), ports_init(&ports));
  printf("selftest %d %d %d\\n", branch_selftest(&branch), stream_selftest(&stream), ports_selftest(&ports));
  printf("constant %d %d %d\\n", constant_init(&constant), constant_selftest(&constant), constant_output_c(&constant)[1]);
  printf("null %d %d %d %d %d\\n", stream_init(NULL), stream_reset(NULL), stream_invoke(NULL), stream_step(NULL), stream_selftest(NULL));
  printf("unaligned %d\\n", stream_init((stream_t *)(void *)((uint8_t *)(void *)&unaligned.model + 1)));
  memset(stream_input_x(&stream), 1, STREAM_INPUT_X_BYTES);
  stream_invoke(&stream);
  uint8_t changed[STREAM_STATE_SIZE];
  memcpy(changed, stream.state, sizeof changed);
  stream_reset(&stream);
  printf("state changed %d", memcmp(changed, stream.state, sizeof changed) != 0);
  memset(stream_input_x(&stream), 1, STREAM_INPUT_X_BYTES);
  unsigned steps = 1;
  while (stream_step(&stream) == STREAM_MORE) {
    steps++;
  }
  printf(", same by steps %d %d\\n", memcmp(changed, stream.state, sizeof changed) == 0, steps == STREAM_STEP_COUNT);
  printf("ports %d %d %d\\n", PORTS_INPUT_PIXELS_0_ZERO_POINT, (int)PORTS_OUTPUT_CLASS_OUTPUT_SIZE, (int)(PORTS_INPUT_PIXELS_0_SCALE * 10.0f));
  return 0;
}
`;

const EXPECTED = `init 0 0 0
selftest 0 0 0
constant 0 0 -128
null -1 -1 -1 -1 -1
unaligned -2
state changed 1, same by steps 1 1
ports 100 6 5
`;

describe('emitted C', () => {
  let folder = '';
  let files: EmittedFile[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nanoc-emit-'));
    const models = [
      await emitted(branchModel()),
      await emitted(streamModel(), { states: ['next=past'] }),
      await emitted(portsModel()),
      await emitted(constantModel()),
    ];
    files = models.flat().filter(({ path }) => /\.[ch]$/.test(path) && path !== 'main.c');
    for (const { path, content } of [...files, { path: 'main.c', content: MAIN }]) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const sources = () => [...new Set(files.map(({ path }) => path).filter((path) => path.endsWith('.c')))];
  const own = () => files.filter(({ path }) => !path.startsWith('runtime/'));

  it('links four models into one program, which passes its self-tests under sanitizers', async () => {
    const sanitizers = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    await execa('gcc', [...WARNINGS, ...sanitizers, ...INCLUDES, ...sources(), 'main.c', '-o', 'program'], {
      cwd: folder,
    });
    expect((await execa('./program', [], { cwd: folder })).stdout).toBe(EXPECTED.trimEnd());
  });

  it('is clean with clang and with GCC for Cortex-M0', async () => {
    const models = own()
      .map(({ path }) => path)
      .filter((path) => path.endsWith('.c'));
    for (const path of models) {
      await execa('clang', [...WARNINGS, ...INCLUDES, '-fsyntax-only', path], { cwd: folder });
      const core = ['-mcpu=cortex-m0', '-mthumb', '-c', '-o', 'object.o'];
      await execa('arm-none-eabi-gcc', [...WARNINGS, ...core, ...INCLUDES, path], { cwd: folder });
    }
  });

  it('is clean in cppcheck', async () => {
    const checks = ['--quiet', '--enable=warning,style,performance,portability', '--error-exitcode=1', '--std=c99'];
    await execa('cppcheck', [...checks, ...INCLUDES, 'branch.c', 'stream.c', 'ports.c', 'constant.c'], { cwd: folder });
  });

  it('has headers that C++ takes', async () => {
    const includes = ['branch', 'stream', 'ports', 'constant'].map((name) => `#include "${name}.h"\n`).join('');
    const text = `${includes}int size() { return sizeof(branch_t) > 0 ? BRANCH_OK : BRANCH_MORE; }\n`;
    await writeFile(join(folder, 'user.cpp'), text);
    const options = [
      '-std=c++98',
      '-Wall',
      '-Wextra',
      '-Wpedantic',
      '-Werror',
      ...INCLUDES,
      '-c',
      'user.cpp',
      '-o',
      'user.o',
    ];
    await execa('g++', options, { cwd: folder });
  });

  it('fails its self-test when a weight is wrong', async () => {
    const weights = files.find(({ path }) => path === 'branch_weights.c')!.content;
    const wrong = weights.replace(
      /(branch_\w*weights\w*\[\d+\] = \{\s*)(-?\d+)/,
      (_, head, first) => `${head}${Number(first) === 0 ? 64 : -Number(first)}`,
    );
    expect(wrong).not.toBe(weights);
    await writeFile(join(folder, 'wrong_weights.c'), wrong);
    const main =
      '#include "branch.h"\nstatic branch_t m;\nint main(void) { branch_init(&m); return branch_selftest(&m) == BRANCH_ERROR_SELFTEST ? 0 : 1; }\n';
    await writeFile(join(folder, 'wrong.c'), main);
    const runtime = sources().filter((path) => path.startsWith('runtime/'));
    await execa('gcc', [...INCLUDES, 'wrong.c', 'branch.c', 'wrong_weights.c', ...runtime, '-o', 'wrong'], {
      cwd: folder,
    });
    await execa('./wrong', [], { cwd: folder });
  });

  it('stays within 100 columns and plain ASCII', () => {
    const long = own().flatMap(({ path, content }) =>
      content
        .split('\n')
        .filter((line) => line.length > 100 && !line.startsWith('#include'))
        .map((line) => `${path}: ${line}`),
    );
    expect(long).toEqual([]);
    expect(
      own()
        .filter(({ content }) => /[^\x20-\x7e\n]/.test(content))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  it('tells who asks for another runtime', async () => {
    const run = await execa(
      'gcc',
      [...WARNINGS, ...INCLUDES, '-DNANOC_TYPES_H', '-DNANOC_ABI=99', '-fsyntax-only', 'branch.c'],
      { cwd: folder, reject: false },
    );
    expect(run.stderr).toContain('branch needs nanoc runtime 1');
  });
});

describe('emit', () => {
  it('gives the same bytes for the same model, and names everything in the folder', async () => {
    const [first, second] = [await emitted(branchModel()), await emitted(branchModel())];
    expect(second).toEqual(first);
    const paths = first.map(({ path }) => path);
    for (const path of ['branch.h', 'branch.c', 'branch_weights.c', 'branch_weights.h', 'main.c', 'CMakeLists.txt']) {
      expect(paths).toContain(path);
    }
    for (const path of [
      'toolchain.cmake',
      'README.md',
      'plan.json',
      'report.json',
      'report.html',
      'branch.ts',
      'nanoc.lock',
    ]) {
      expect(paths).toContain(path);
    }
    expect(new Set(paths).size).toBe(paths.length);
    expect(first.some(({ content }) => content.includes(process.cwd()) || content.includes(tmpdir()))).toBe(false);
  });

  it('keeps equal constants once', async () => {
    const files = await emitted(branchModel());
    const weights = files.find(({ path }) => path === 'branch_weights.c')!.content;
    const bodies = [...weights.matchAll(/const (\w+) (\w+)\[(\d+)\] = \{([^}]*)\}/g)].map((m) => `${m[1]} ${m[4]}`);
    expect(bodies.length).toBeGreaterThan(3);
    expect(new Set(bodies).size).toBe(bodies.length);
  });

  it('emits the startup code and linker script of a bare-metal target', async () => {
    const files = await emitted(branchModel(), { target: 'cortex-m4' });
    const paths = files.map(({ path }) => path);
    expect(paths).toContain('startup.c');
    expect(paths).toContain('linker.ld');
    expect(files.find(({ path }) => path === 'main.c')!.content).toContain('for (;;) {');
  });
});
