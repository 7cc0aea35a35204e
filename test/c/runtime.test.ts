/** Checks on runtime-c as it stands: warnings of three compilers, static analysis, and what the objects refer to. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTarget } from '../../compiler/targets.js';
import { toolPath } from '../../compiler/toolchain/kit.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { simulatedTargets } from '../support/simulated-targets.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-runtime-'));
afterAll(() => rmSync(root, { recursive: true }));

const sourceRoot = join(packageRoot(), 'runtime-c/src');
const include = join(packageRoot(), 'runtime-c/include');
const strict = ['-std=c99', '-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wpedantic', '-Werror'];

interface Build {
  readonly name: string;
  readonly compiler: string;
  readonly flags: readonly string[];
}

const host: readonly Build[] = [
  { name: 'gcc', compiler: 'gcc', flags: [] },
  { name: 'gcc-without-fpu', compiler: 'gcc', flags: ['-DNANOC_FPU=0'] },
  { name: 'clang', compiler: 'clang', flags: [] },
  { name: 'clang-without-fpu', compiler: 'clang', flags: ['-DNANOC_FPU=0'] },
];
const arm = await Promise.all(
  ['cortex-m0', 'cortex-m4', 'cortex-m55'].map(async (name): Promise<Build> => {
    const { compiler, machineFlags } = (await loadTarget(name)).toolchain;
    return { name, compiler, flags: machineFlags };
  }),
);

const lx7 = await Promise.all(
  (await simulatedTargets())
    .filter((name) => name === 'lx7')
    .map(async (name): Promise<Build> => {
      const { toolchain } = await loadTarget(name);
      return { name, compiler: toolPath(toolchain, toolchain.compiler), flags: toolchain.machineFlags };
    }),
);

/** Which builds compile the kernels of a family; a new folder of runtime-c/src needs a line here. */
const buildsOf: Readonly<Record<string, readonly Build[]>> = {
  portable: [...host, ...arm, ...lx7],
  'arm-dsp': [...host, ...arm],
  'arm-mve': [...host, ...arm],
  xtensa: [...host, ...lx7],
  // Adapters include the headers of the vendor's library: compiler/kernels/cmsis-nn/products.test.ts compiles them with it.
  'cmsis-nn': [],
  // The same: compiler/kernels/esp-nn/products.test.ts.
  'esp-nn': [],
};
/** Headers that include one of a vendor. */
const VENDOR_HEADERS = ['cmsis_nn.h', 'esp_nn.h'];

function sourcesOf(family: string): string[] {
  const names = readdirSync(join(sourceRoot, family)).filter((name) => name.endsWith('.c'));
  return names.sort().map((name) => join(sourceRoot, family, name));
}

const compiled = new Map<string, Promise<string>>();

/** Compiles all kernels of a family, once in this file; the objects are in the folder that it returns. */
function compileFamily(family: string, build: Build): Promise<string> {
  const key = `${family} ${build.name}`;
  const folder = compiled.get(key) ?? compile(family, build);
  compiled.set(key, folder);
  return folder;
}

async function compile(family: string, build: Build): Promise<string> {
  const directory = join(root, family, build.name);
  mkdirSync(directory, { recursive: true });
  const args = [...strict, '-O2', '-ffp-contract=off', ...build.flags, `-I${include}`, '-c', ...sourcesOf(family)];
  const run = await execa(build.compiler, args, { cwd: directory, reject: false });
  expect(run.stderr).toBe('');
  expect(run.exitCode).toBe(0);
  return directory;
}

const families = readdirSync(sourceRoot).sort();
const jobs = families.flatMap((family) =>
  (buildsOf[family] ?? []).map((build) => ({ family, build, name: build.name })),
);

describe('runtime-c', () => {
  it('compiles every family somewhere', () => {
    expect(families.filter((family) => buildsOf[family] === undefined)).toEqual([]);
  });

  it.each(jobs)('$family compiles without a warning with $name', async ({ family, build }) => {
    await compileFamily(family, build);
  });

  it('is clean in cppcheck', async () => {
    const args = ['--std=c99', '--enable=warning,style,performance,portability', '--inline-suppr', '--quiet'];
    const limits = [
      '--max-configs=40',
      '--suppress=missingIncludeSystem',
      '--error-exitcode=1',
      `-I${include}`,
      sourceRoot,
    ];
    const run = await execa('cppcheck', [...args, ...limits], { reject: false });
    expect(run.stdout + run.stderr).toBe('');
    expect(run.exitCode).toBe(0);
  });

  it.each(['gcc -x c -std=c99', 'g++ -x c++ -std=c++11', 'clang -x c++ -std=c++11'])(
    'has headers that stand alone: %s',
    async (command) => {
      const [compiler, ...flags] = command.split(' ') as [string, ...string[]];
      // A header may hold a static function for the kernels that include it.
      const warnings = [...strict.filter((flag) => !flag.startsWith('-std')), '-Wno-unused-function'];
      for (const header of readdirSync(join(include, 'nanoc'))) {
        if (VENDOR_HEADERS.includes(header)) continue;
        const args = [...flags, ...warnings, `-I${include}`, '-fsyntax-only', '-'];
        const run = await execa(compiler, args, { input: `#include "nanoc/${header}"\n`, reject: false });
        expect(run.stderr, header).toBe('');
        expect(run.exitCode, header).toBe(0);
      }
    },
  );
});

/** C library functions of string.h, and what GCC calls for arithmetic that the core lacks. */
const allowed = /^(nanoc_\w+|mem(cpy|set|move|cmp)|__aeabi_\w+|__gnu_\w+|__\w+(si|di|sf|df)[23]?)$/;

describe('kernel objects', () => {
  it.each([
    ['portable', 'cortex-m0'],
    ['portable', 'cortex-m4'],
    ['arm-dsp', 'cortex-m4'],
    ['arm-mve', 'cortex-m55'],
    ...lx7.flatMap(({ name }) => [
      ['portable', name],
      ['xtensa', name],
    ]),
  ] as [string, string][])(
    'of %s keep no data and call nothing but kernels and string.h on %s',
    async (family, target) => {
      const build = [...arm, ...lx7].find((each) => each.name === target)!;
      const nm = build.compiler.replace(/gcc$/, 'nm');
      const directory = await compileFamily(family, build);
      for (const source of sourcesOf(family)) {
        const object = `${basename(source, '.c')}.o`;
        const { stdout } = await execa(nm, ['-P', object], { cwd: directory });
        const symbols = stdout.split('\n').map((line) => line.split(' ') as [string, string]);
        const mutable = symbols.filter(([, type]) => 'bBdDC'.includes(type));
        expect(mutable, `mutable data in ${object}`).toEqual([]);
        const foreign = symbols.filter(([symbol, type]) => type === 'U' && !allowed.test(symbol));
        expect(foreign, `undefined symbols of ${object}`).toEqual([]);
        const functions = symbols.filter(([, type]) => type === 'T').map(([symbol]) => symbol);
        const name = basename(source, '.c');
        expect(
          functions.filter((each) => !each.startsWith(name)),
          `functions that ${object} is not named after`,
        ).toEqual([]);
        expect(functions).not.toEqual([]);
      }
    },
  );
});
