/** Where the programs of a toolchain are, and how they are installed: from Debian packages, or made of packages by a script of nanoc's. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Toolchain } from '../ir/target.js';
import { packageRoot } from './package-root.js';

/** Path of a program of the toolchain: in the kit's folder where the kit is complete, else its name, to be found in PATH. */
export function toolPath({ kit }: Pick<Toolchain, 'kit'>, program: string): string {
  if (kit === undefined) return program;
  const folder = cacheFolder(kit.folder);
  const path = join(folder, 'bin', program);
  return existsSync(join(folder, 'version')) && existsSync(path) ? path : program;
}

/** The one command that installs the compiler of a target. */
export function installCommand({ kit, debianPackages, install }: Toolchain): string {
  if (install !== undefined) return install;
  return kit === undefined ? aptInstall(debianPackages) : `bash ${kitScript(kit.script)}`;
}

/** The command that installs Debian packages. */
export function aptInstall(packages: readonly string[]): string {
  return `sudo apt-get install ${packages.join(' ')}`;
}

/** A command in a message, with where it works. */
export function onDebian(command: string): string {
  return `on Debian or Ubuntu: ${command}`;
}

/** Absolute path of a kit's script. */
export function kitScript(script: string): string {
  return join(packageRoot(), script);
}

/** A folder of nanoc's in the user's cache, as the scripts have it. */
export function cacheFolder(folder: string): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nanoc', folder);
}
