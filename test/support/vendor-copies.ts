/**
 * Copies of vendors' libraries for tests: CMSIS_NN_PATH (a full upstream checkout, say), else the subset that the PyPI package
 * `bakenn` 1.0.0 carries as source (Apache-2.0). It is fetched once into the user's cache folder; nothing of it comes into the work tree.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { unzipSync } from 'fflate';
import { type Rounding, readCmsisNn } from '../../compiler/vendor/cmsis-nn.js';
import { readEspNn } from '../../compiler/vendor/esp-nn.js';
import type { Library } from '../../compiler/vendor/library.js';

const PACKAGE = 'bakenn==1.0.0';
const SHA256 = 'b8251e71a8fc39252df0d308fe9a5837bd86f7a31f1596a7dd4a319196f30e56';

let unpacked: Promise<string | undefined> | undefined;

/** Folder of the unpacked package; undefined, with a word on the console, where PyPI cannot be reached and CI is not set. */
export function bakennFolder(): Promise<string | undefined> {
  unpacked ??= fetchPackage().catch((error: Error) => {
    if (process.env.CI !== undefined) throw error;
    console.warn(
      `skipped: tests with vendors' libraries; ${PACKAGE} cannot be fetched from PyPI: ${error.message.split('\n')[0]}`,
    );
    return undefined;
  });
  return unpacked;
}

/** The copy of CMSIS-NN that tests use. */
export async function testedCmsisNn(rounding: Rounding = 'single'): Promise<Library | undefined> {
  const given = process.env.CMSIS_NN_PATH ?? '';
  if (given !== '') return readCmsisNn(given, process.env, rounding);
  const folder = await bakennFolder();
  if (folder === undefined) return undefined;
  return readCmsisNn(join(folder, 'bakenn/backend/cmsis_nn/vendor'), {}, rounding);
}

/** The copy of ESP-NN that tests use: ESP_NN_PATH, else release 1.2.6 of the same package. */
export async function testedEspNn(): Promise<Library | undefined> {
  const given = process.env.ESP_NN_PATH ?? '';
  if (given !== '') return readEspNn(given);
  const folder = await bakennFolder();
  return folder === undefined ? undefined : readEspNn(join(folder, 'bakenn/backend/esp_nn/vendor'));
}

async function fetchPackage(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nanoc');
  const folder = join(cache, PACKAGE.replace('==', '-'));
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, 'fetch-'));
  try {
    await execa('python3', ['-m', 'pip', 'download', '--no-deps', '--quiet', '--dest', temporary, PACKAGE]);
    const [name] = await readdir(temporary);
    const wheel = await readFile(join(temporary, name!));
    const found = createHash('sha256').update(wheel).digest('hex');
    if (found !== SHA256) throw new Error(`${name} has the hash ${found}, not ${SHA256}`);
    await unpack(wheel, join(temporary, 'files'));
    // Another worker may have been quicker.
    await rename(join(temporary, 'files'), folder).catch((error: Error) => {
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function unpack(wheel: Uint8Array, folder: string): Promise<void> {
  const files = unzipSync(wheel, { filter: ({ name }) => name.includes('/vendor/') });
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    if (name.endsWith('/') || !path.startsWith(folder)) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}
