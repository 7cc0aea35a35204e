/** labwired (PyPI): models of whole chips. A driver in Python loads the program and answers what it asks for (targets/labwired-common). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabwiredChip } from '../ir/target.js';
import { cacheFolder, kitScript } from '../toolchain/kit.js';
import { packageRoot } from '../toolchain/package-root.js';
import type { SimulatorCommand } from './process.js';

const FOLDER = 'targets/labwired-common';

/** Exit code of the driver where Python has no labwired. */
const MISSING = 97;

/** The one command that installs it, in a folder of the user's cache. */
export const labwiredInstall = `bash ${kitScript(`${FOLDER}/install.sh`)}`;

/** Python of that folder, or the one in PATH, which may have labwired as well. */
export function labwiredPython(): string {
  const own = join(cacheFolder('labwired'), 'bin/python3');
  return existsSync(own) ? own : 'python3';
}

/** Runs an ELF on the chip's model. */
export function labwiredCommand({ chip }: LabwiredChip, program: string): SimulatorCommand {
  return {
    command: [labwiredPython(), join(packageRoot(), FOLDER, 'driver.py'), program, chip],
    tool: 'labwired',
    install: labwiredInstall,
    missingCode: MISSING,
  };
}
