import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { execa } from 'execa';
import type { EmittedFile } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import type { Target } from '../ir/target.js';
import { requireFiles } from '../vendor/esp-nn-release.js';
import type { LinkedLibrary } from '../vendor/library.js';
import { installCommand, onDebian, toolPath } from './kit.js';
import { libraryFiles, libraryIncludes, libraryUnits } from './library-units.js';
import { fetchObject, objectKey, storeObject } from './object-cache.js';
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
  /** Package-relative path, in place of the target's: a simulator may have other memories. */
  readonly linkerScript?: string;
  /** Where sources, objects and the program are written. */
  readonly directory: string;
  /** Searched for headers besides `directory`, relative to it; with an absolute one nothing is cached. */
  readonly includeDirectories?: readonly string[];
  /** Host only: AddressSanitizer and UndefinedBehaviorSanitizer, both fatal. */
  readonly sanitize?: boolean;
  readonly extraFlags?: readonly string[];
  /** Vendors' libraries that the sources call; their objects come from the cache as well. */
  readonly libraries?: readonly LinkedLibrary[];
  readonly signal?: AbortSignal;
}

export interface Build {
  readonly target: Target;
  readonly directory: string;
  /** Absolute path of the ELF or host program. */
  readonly program: string;
  /** Paths of the C sources in `directory`, those of libraries last. */
  readonly sources: readonly string[];
  /** Absolute paths of the object files, in the order of the sources. */
  readonly objects: readonly string[];
  /** What the compiler said although it succeeded. */
  readonly warnings: string;
}

const versions = new Map<string, Promise<string>>();

/** First line of `<compiler> --version`. @throws CompileError NC0601 (exit code 3) when the compiler is not installed */
export function compilerVersion(target: Target): Promise<string> {
  const { compiler } = target.toolchain;
  const known = versions.get(compiler);
  if (known !== undefined) return known;
  const asked = runTool(target, ['--version'], tmpdir()).then(({ stdout }) => stdout.split('\n')[0] ?? '');
  versions.set(compiler, asked);
  asked.catch(() => versions.delete(compiler));
  return asked;
}

/**
 * Compiles the sources and links them with the target's startup code.
 * @throws CompileError NC0601 when the compiler is missing, NC0602 when it refuses the code; both exit code 3
 */
export async function buildFirmware(request: BuildRequest): Promise<Build> {
  const { target, directory, signal } = request;
  const { code, ...compiled } = await compileSources(request);
  const program = join(directory, target.qemu === undefined ? 'program' : 'program.elf');
  const linkerScript = request.linkerScript ?? target.linkerScript;
  const script = linkerScript === undefined ? [] : ['-T', join(packageRoot(), linkerScript)];
  const { objects } = compiled;
  const link = [...code, ...objects, ...script, ...target.toolchain.linkFlags, '-Wl,--gc-sections', '-o', program];
  await runTool(target, link, directory, signal);
  return { target, directory, program, ...compiled };
}

/** Objects of a build, and the flags that choose core and optimisation. */
interface Compiled extends Pick<Build, 'sources' | 'objects' | 'warnings'> {
  readonly code: readonly string[];
}

/**
 * Writes the files and compiles each C source (two at a time). Objects come from the cache where the same source, headers, flags
 * and compiler have made them before.
 * @throws CompileError NC0601 when the compiler is missing, NC0602 when it refuses the code, NC0613 when a library is not here; exit code 3
 */
export async function compileSources(request: BuildRequest): Promise<Compiled> {
  const { target, directory, signal, libraries = [] } = request;
  requireFiles(libraries);
  const files = [...request.files, ...(await startupFiles(target))];
  for (const file of [...files, ...libraryFiles(libraries)]) {
    const path = join(directory, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.content);
  }
  const sources = files.filter((file) => file.path.endsWith('.c'));
  const own = ['.', ...(request.includeDirectories ?? [])].map((path) => `-I${path}`);
  const includes = [...own, ...libraryIncludes(libraries)];
  const sanitize = request.sanitize === true ? ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g'] : [];
  const code = [...target.toolchain.machineFlags, ...target.optimization, ...sanitize, ...(request.extraFlags ?? [])];
  // Headers outside of the folder are not part of a key.
  const cached = (request.includeDirectories ?? []).every((path) => !isAbsolute(path) && !path.startsWith('..'));
  const headers = files.filter((file) => file.path.endsWith('.h')).flatMap((file) => [file.path, file.content]);
  const tool = [target.toolchain.compiler, await compilerVersion(target)];
  const flags = [...commonFlags, ...code, ...includes];
  const context = [...tool, ...flags, ...headers, ...libraries.map(({ library }) => library.sha256)];
  const units = [
    ...sources.map(({ path, content }) => {
      const key = cached ? objectKey([...context, path, content]) : undefined;
      return { source: path, flags, key };
    }),
    ...libraryUnits(libraries).map((unit) => {
      const all = [...unit.flags, ...code];
      return { source: unit.source, flags: all, key: objectKey([...tool, ...all, ...unit.key]) };
    }),
  ];
  const objects = units.map((_, index) => join(directory, `object${index}.o`));
  const warnings: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next < units.length) {
      const index = next;
      next += 1;
      warnings[index] = await compileOne(target, { directory, ...units[index]!, index, signal });
    }
  };
  await bothEnd([worker(), worker()]);
  return {
    code,
    sources: units.map(({ source }) => source),
    objects,
    warnings: warnings.filter((text) => text !== '').join('\n'),
  };
}

/** The target's startup sources, as files of the build. */
function startupFiles(target: Target): Promise<EmittedFile[]> {
  return targetFiles(target.startup);
}

/** What a program in a simulator needs besides: `target/simulated.h` and what it includes; nothing on the host. */
export function simulatorSupport({ support = [] }: { readonly support?: readonly string[] }): Promise<EmittedFile[]> {
  return targetFiles(support);
}

async function targetFiles(paths: readonly string[]): Promise<EmittedFile[]> {
  return Promise.all(
    paths.map(async (path) => ({
      path: `target/${basename(path)}`,
      content: await readFile(join(packageRoot(), path), 'utf8'),
    })),
  );
}

interface Unit {
  readonly directory: string;
  readonly source: string;
  readonly index: number;
  readonly flags: readonly string[];
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Compiles one source to `object<index>.o`; returns what the compiler said. */
async function compileOne(target: Target, unit: Unit): Promise<string> {
  const stem = join(unit.directory, `object${unit.index}`);
  const hasGraph = !unit.source.endsWith('.S') && unit.flags.some((flag) => flag.startsWith('-fcallgraph-info'));
  const files = {
    '.o': `${stem}.o`,
    '.txt': `${stem}.txt`,
    ...(hasGraph ? { '.ci': `${stem}.ci` } : {}),
  };
  if (unit.key !== undefined && (await fetchObject(unit.key, files))) return readFile(files['.txt'], 'utf8');
  const args = [...unit.flags, '-c', unit.source, '-o', `object${unit.index}.o`];
  const { stderr } = await runTool(target, args, unit.directory, unit.signal);
  await writeFile(files['.txt'], stderr);
  if (unit.key !== undefined) await storeObject(unit.key, files);
  return stderr;
}

async function runTool(target: Target, args: readonly string[], cwd: string, signal?: AbortSignal) {
  signal?.throwIfAborted();
  const { compiler } = target.toolchain;
  const run = await execa(toolPath(target.toolchain, compiler), args, {
    cwd,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (run.isCanceled) throw signal?.reason ?? new Error('cancelled');
  if (run.failed && run.code === 'ENOENT') {
    fail(
      {
        code: 'NC0601',
        message: `${compiler} is not installed`,
        help:
          target.toolchain.install === undefined
            ? onDebian(installCommand(target.toolchain))
            : target.toolchain.install,
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

/** Like Promise.all, but only when no compiler runs any more: the caller may remove the folder after a failure. */
async function bothEnd(workers: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
