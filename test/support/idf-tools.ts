/** Espressif's programs that check manifests and Kconfig files, from PyPI, in a folder of the user's cache. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const PACKAGES = ['idf-component-manager==3.1.2', 'esp-idf-kconfig==3.14.0'];

let installed: Promise<string | undefined> | undefined;

/** Folder for PYTHONPATH; undefined, with a word on the console, where PyPI cannot be reached and CI is not set. */
export function idfTools(): Promise<string | undefined> {
  installed ??= install().catch((error: Error) => {
    if (process.env.CI !== undefined) throw error;
    console.warn(`skipped: checks of ESP-IDF files; ${PACKAGES.join(', ')} cannot be had: ${firstLine(error)}`);
    return undefined;
  });
  return installed;
}

async function install(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nanoc');
  const folder = join(cache, PACKAGES.join('+').replaceAll('==', '-'));
  if (existsSync(join(folder, 'complete'))) return folder;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, 'install-'));
  try {
    await execa('python3', ['-m', 'pip', 'install', '--quiet', '--target', temporary, ...PACKAGES]);
    await writeFile(join(temporary, 'complete'), '');
    // Another worker may have been quicker.
    await rename(temporary, folder).catch((error: Error) => {
      if (!existsSync(join(folder, 'complete'))) throw error;
    });
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function firstLine({ message }: Error): string | undefined {
  return message.split('\n')[0];
}

/** Runs a module of the tools. @throws when it fails */
export function runIdfTool(folder: string, module: string, args: readonly string[], cwd: string) {
  return execa('python3', ['-m', module, ...args], { cwd, all: true, env: { PYTHONPATH: folder } });
}
