/** Builds an example's firmware as its README says, and runs it in QEMU. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import type { Example, ExampleName } from './example.js';

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

/** @throws ExecaError when the build fails, or the firmware does not end by itself with exit code 0 within a minute */
export async function runFirmware(example: Example): Promise<FirmwareRun> {
  const { name, folder, compilation } = example;
  const directory = mkdtempSync(join(tmpdir(), `nanoc-${name}-`));
  try {
    const toolchain = join(folder, 'expected', 'toolchain.cmake');
    await execa('cmake', ['-S', folder, '-B', directory, `-DCMAKE_TOOLCHAIN_FILE=${toolchain}`]);
    const build = await execa('cmake', ['--build', directory], { all: true });
    const { command, machine } = compilation.target.qemu!;
    const elf = join(directory, `${name}_demo.elf`);
    const run = await execa(command, ['-M', machine, '-nographic', '-semihosting', '-kernel', elf], {
      stdin: 'ignore',
      timeout: 60_000,
      stripFinalNewline: false,
    });
    return { build: build.all, serial: run.stdout };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
