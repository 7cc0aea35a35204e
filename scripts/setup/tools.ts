/** The programs outside npm that nanoc's demo and tests call, and how to see whether they are there. */
import { spawnSync } from 'node:child_process';
import type { Target } from '../../compiler/ir/target.js';
import { labwiredPython } from '../../compiler/simulate/labwired.js';
import { isOfVendor } from '../../compiler/simulate/proof.js';
import { listTargets, loadTarget } from '../../compiler/targets.js';
import { kitScript, toolPath } from '../../compiler/toolchain/kit.js';

export interface Tool {
  readonly command: string;
  readonly use: string;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Absolute path of the script that makes it of packages, when `packages` are there. */
  readonly script?: string;
  /** Without it the tests of a target are skipped; in CI nothing is optional. */
  readonly optional?: boolean;
  /** Undefined when the tool works, else what is wrong. */
  missing(): string | undefined;
}

export type Purpose = 'demo' | 'test';

/** What `purpose` needs. Compilers and simulators come from the targets, so that a new target needs no edit here. */
export async function toolsFor(purpose: Purpose): Promise<readonly Tool[]> {
  const names = purpose === 'demo' ? ['cortex-m4', 'host'] : listTargets();
  const all = await Promise.all(names.map(loadTarget));
  // Tests that want a vendor's own tools are skipped without them, in CI too: setup has no package that brings them.
  const targets = all.filter((target) => !isOfVendor(target));
  const found = targets.flatMap((target) => {
    const optional = target.optionalInTests === true && process.env.CI === undefined;
    return [compilerOf(target), ...simulatorOf(target)].map((tool) => ({ ...tool, optional }));
  });
  const tools = purpose === 'demo' ? found : [...found, ...testTools];
  return [...new Map(tools.map((tool) => [tool.command, tool])).values()];
}

const testTools: readonly Tool[] = [
  {
    command: 'labwired',
    use: 'simulator of chips',
    packages: ['python3-venv'],
    script: kitScript('targets/labwired-common/install.sh'),
    optional: process.env.CI === undefined,
    missing: () =>
      spawnSync(labwiredPython(), ['-c', 'import labwired'], { stdio: 'ignore' }).status === 0
        ? undefined
        : 'Python has no labwired',
  },
  program('clang', 'second compiler for the warnings check', ['clang']),
  program('cppcheck', 'static analysis of the C', ['cppcheck']),
  program('g++', 'the header as C++', ['g++']),
  program('cmake', 'the generated CMake project', ['cmake']),
  program('make', 'the generated CMake project', ['make']),
];

function compilerOf({ toolchain, name, qemu }: Target): Tool {
  const { debianPackages, machineFlags, kit } = toolchain;
  // A C library that is chosen by specs comes with its headers, and without them the compiler does not start.
  const bySpecs = machineFlags.some((flag) => flag.startsWith('-specs='));
  const missing = () => {
    const compiler = toolPath(toolchain, toolchain.compiler);
    return (
      programMissing(compiler) ??
      headersMissing(compiler, machineFlags) ??
      (qemu && !bySpecs ? libraryMissing(compiler) : undefined)
    );
  };
  const script = kit === undefined ? {} : { script: kitScript(kit.script) };
  return { command: toolchain.compiler, use: `compiler for ${name}`, packages: debianPackages, missing, ...script };
}

function simulatorOf({ qemu, name }: Target): readonly Tool[] {
  return qemu === undefined ? [] : [program(qemu.command, `simulator for ${name}`, qemu.debianPackages)];
}

function program(command: string, use: string, packages: readonly string[]): Tool {
  return { command, use, packages, missing: () => programMissing(command) };
}

function programMissing(command: string): string | undefined {
  const { error, status } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  if (error !== undefined) return `${command} is not installed`;
  return status === 0 ? undefined : `${command} --version ends with exit code ${status}`;
}

function headersMissing(compiler: string, flags: readonly string[]): string | undefined {
  const { status } = spawnSync(compiler, [...flags, '-E', '-x', 'c', '-'], {
    input: '#include <stdio.h>\n',
    stdio: 'pipe',
  });
  return status === 0 ? undefined : `${compiler} has no C library headers`;
}

/** A cross compiler without its C library prints the bare file name. */
function libraryMissing(compiler: string): string | undefined {
  const { stdout } = spawnSync(compiler, ['-print-file-name=libc.a'], { encoding: 'utf8' });
  return stdout.trim() === 'libc.a' ? `${compiler} has no C library` : undefined;
}
