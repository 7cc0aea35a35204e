/** Flash and RAM of a firmware, less those of an empty program with the same startup code and linker script. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmittedFile } from '../compilation.js';
import type { Target } from '../ir/target.js';
import { INCLUDE_DIRECTORIES, withFolder } from '../simulate/program.js';
import type { LinkedLibrary } from '../vendor/library.js';
import { buildFirmware } from './build.js';
import { programSizes, readElf } from './elf.js';

export interface FirmwareSource {
  readonly target: Target;
  /** C and headers, with a `main.c`. */
  readonly files: readonly EmittedFile[];
  readonly libraries: readonly LinkedLibrary[];
  readonly signal?: AbortSignal;
}

/** In bytes; undefined for the host, which is no firmware. @throws CompileError NC06xx */
export async function firmwareSizes(source: FirmwareSource): Promise<{ flash: number; ram: number } | undefined> {
  const { target, files, libraries } = source;
  if (target.qemu === undefined) return undefined;
  const signal = source.signal === undefined ? {} : { signal: source.signal };
  const common = { target, includeDirectories: INCLUDE_DIRECTORIES, ...signal };
  return withFolder(undefined, async (directory) => {
    const whole = await buildFirmware({ ...common, files, libraries, directory: join(directory, 'whole') });
    const empty = [{ path: 'main.c', content: 'int main(void) {\n  return 0;\n}\n' }];
    const none = await buildFirmware({ ...common, files: empty, directory: join(directory, 'empty') });
    const [one, other] = [await sizesOf(whole.program), await sizesOf(none.program)];
    return { flash: one.flash - other.flash, ram: one.ram - other.ram };
  });
}

async function sizesOf(program: string): Promise<{ flash: number; ram: number }> {
  return programSizes(readElf(await readFile(program)));
}
