import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { EmittedFile } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import type { Target } from '../ir/target.js';
import { packageRoot } from './package-root.js';

/** Warnings that generated C and kernels are free of; `-ffp-contract=off` keeps float results the same on every core. */
const commonFlags = [
  '-std=c99',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Wshadow',
  '-ffp-contract=off',
  '-ffunction-sections',
  '-fdata-sections',
];

export interface BuildRequest {
  /** C sources and headers, paths relative to `directory`. */
  readonly files: readonly EmittedFile[];
  readonly target: Target;
  /** Where sources, objects and the program are written. */
  readonly directory: string;
  readonly includeDirectories?: readonly string[];
  /** Host only: AddressSanitizer and UndefinedBehaviorSanitizer, both fatal. */
  readonly sanitize?: boolean;
  readonly extraFlags?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface Build {
  readonly target: Target;
  readonly directory: string;
  /** Absolute path of the ELF or host program. */
  readonly program: string;
  /** Absolute paths of the object files, in the order of the sources. */
  readonly objects: readonly string[];
  /** What the compiler said although it succeeded. */
  readonly warnings: string;
}

/** First line of `<compiler> --version`. @throws CompileError NC0601 (exit code 3) when the compiler is not installed */
export async function compilerVersion(target: Target): Promise<string> {
  return (await runTool(target, ['--version'])).stdout.split('\n')[0] ?? '';
}

/**
 * Writes the files, compiles each C source (two at a time) and links them with the target's startup code.
 * @throws CompileError NC0601 when the compiler is missing, NC0602 when it refuses the code; both exit code 3
 */
export async function buildFirmware(request: BuildRequest): Promise<Build> {
  const { target, directory, signal } = request;
  for (const file of request.files) {
    const path = join(directory, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.content);
  }
  const sources = [
    ...request.files.filter((file) => file.path.endsWith('.c')).map((file) => join(directory, file.path)),
    ...target.startup.map((path) => join(packageRoot(), path)),
  ];
  const includes = [directory, ...(request.includeDirectories ?? [])].map((path) => `-I${path}`);
  const sanitize = request.sanitize === true ? ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g'] : [];
  const code = [...target.toolchain.machineFlags, ...target.optimization, ...sanitize, ...(request.extraFlags ?? [])];
  const objects = sources.map((_, index) => join(directory, `object${index}.o`));
  const warnings: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next < sources.length) {
      const index = next;
      next += 1;
      const run = await runTool(
        target,
        [...commonFlags, ...code, ...includes, '-c', sources[index]!, '-o', objects[index]!],
        signal,
      );
      warnings[index] = run.stderr;
    }
  };
  await Promise.all([worker(), worker()]);
  const program = join(directory, target.qemu === undefined ? 'program' : 'program.elf');
  const script = target.linkerScript === undefined ? [] : ['-T', join(packageRoot(), target.linkerScript)];
  await runTool(
    target,
    [...code, ...objects, ...script, ...target.toolchain.linkFlags, '-Wl,--gc-sections', '-o', program],
    signal,
  );
  return { target, directory, program, objects, warnings: warnings.filter((text) => text !== '').join('\n') };
}

async function runTool(target: Target, args: readonly string[], signal?: AbortSignal) {
  const { compiler, debianPackages } = target.toolchain;
  const run = await execa(compiler, args, { reject: false, ...(signal === undefined ? {} : { cancelSignal: signal }) });
  if (run.isCanceled) throw signal?.reason ?? new Error('cancelled');
  if (run.failed && run.code === 'ENOENT') {
    fail(
      {
        code: 'NC0601',
        message: `${compiler} is not installed`,
        help: `on Debian or Ubuntu: sudo apt-get install ${debianPackages.join(' ')}`,
      },
      EXIT.missingTool,
    );
  }
  if (run.failed) {
    const errors = run.stderr
      .split('\n')
      .filter((line) => /error|undefined reference|overflowed|will not fit/i.test(line));
    const shown = errors.length > 0 ? errors : run.stderr.split('\n');
    fail(
      { code: 'NC0602', message: `${compiler} refused the generated code`, because: shown.slice(0, 5).join('\n') },
      EXIT.missingTool,
    );
  }
  return { stdout: run.stdout, stderr: run.stderr };
}
