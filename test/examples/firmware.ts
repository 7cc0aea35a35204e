/** Builds an example's firmware as its README says, and runs it in QEMU. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import type { EmittedFile } from '../../compiler/compilation.js';
import type { Target } from '../../compiler/ir/target.js';
import type { Example, ExampleName } from './example.js';
import { writeFolder } from './expected.js';

export const HAS_CMAKE = !execaSync('cmake', ['--version'], { reject: false }).failed;

/** The part of a firmware's output that a README has room for: of digits two images. */
export function shownLines(name: ExampleName, serial: string): string {
  if (name !== 'digits') return serial;
  return `${serial.split('\n').slice(0, 19).join('\n')}\n`;
}

export interface FirmwareRun {
  /** What CMake and the compiler said. */
  readonly build: string;
  /** What came over the serial line. */
  readonly serial: string;
}

/**
 * As `runFirmware`, of an example that has no generated files committed: they are written to a temporary folder.
 * @param input what is typed on the serial line
 */
export async function runGenerated(
  folder: string,
  demo: string,
  target: Target,
  files: readonly EmittedFile[],
  input = '',
) {
  const generated = mkdtempSync(join(tmpdir(), `nanoc-${demo}-`));
  try {
    writeFolder(generated, files);
    return await buildAndRun({ folder, demo, target, generated, options: [`-DGENERATED=${generated}`], input });
  } finally {
    rmSync(generated, { recursive: true, force: true });
  }
}

/** @throws ExecaError when the build fails, or the firmware does not end by itself with exit code 0 within a minute */
export async function runFirmware({ name, folder, compilation }: Example): Promise<FirmwareRun> {
  const { target } = compilation;
  return buildAndRun({
    folder,
    demo: `${name}_demo`,
    target,
    generated: join(folder, 'expected'),
    options: [],
    input: '',
  });
}

interface FirmwareBuild {
  /** With CMakeLists.txt and main.c. */
  readonly folder: string;
  readonly demo: string;
  readonly target: Target;
  readonly generated: string;
  readonly options: readonly string[];
  readonly input: string;
}

async function buildAndRun({ folder, demo, target, generated, options, input }: FirmwareBuild): Promise<FirmwareRun> {
  const directory = mkdtempSync(join(tmpdir(), `nanoc-${demo}-`));
  try {
    const toolchain = `-DCMAKE_TOOLCHAIN_FILE=${join(generated, 'toolchain.cmake')}`;
    await execa('cmake', ['-S', folder, '-B', directory, toolchain, ...options]);
    const build = await execa('cmake', ['--build', directory], { all: true });
    const { command, machine } = target.qemu!;
    const elf = join(directory, `${demo}.elf`);
    const run = await execa(command, ['-M', machine, '-nographic', '-semihosting', '-kernel', elf], {
      input,
      timeout: 60_000,
      stripFinalNewline: false,
    });
    return { build: build.all, serial: run.stdout };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
