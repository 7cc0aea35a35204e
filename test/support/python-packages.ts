/** Packages of PyPI that check what nanoc writes, in a folder of the user's cache; nothing of them comes into the work tree. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from '../../compiler/toolchain/kit.js';

const installed = new Map<string, Promise<string | undefined>>();

/**
 * Folder for PYTHONPATH; undefined, with a word on the console, where PyPI cannot be reached and CI is not set.
 * @param packages with their versions: `platformio==6.1.18`
 */
export function pythonPackages(packages: readonly string[]): Promise<string | undefined> {
  const key = packages.join('+');
  const known = installed.get(key);
  if (known !== undefined) return known;
  const asked = install(packages).catch((error: Error) => {
    if (process.env.CI !== undefined) throw error;
    console.warn(`skipped: checks by ${packages.join(', ')}, which cannot be had: ${error.message.split('\n')[0]}`);
    return undefined;
  });
  installed.set(key, asked);
  return asked;
}

async function install(packages: readonly string[]): Promise<string> {
  const folder = cacheFolder(packages.join('+').replaceAll('==', '-'));
  if (existsSync(join(folder, 'complete'))) return folder;
  await mkdir(cacheFolder('.'), { recursive: true });
  const temporary = await mkdtemp(join(cacheFolder('.'), 'install-'));
  try {
    await execa('python3', ['-m', 'pip', 'install', '--quiet', '--target', temporary, ...packages]);
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
