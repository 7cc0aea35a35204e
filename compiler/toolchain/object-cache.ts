/**
 * Compiled objects by what they were made of, in the temporary folder of this user: the same kernel with the same flags is
 * compiled once, however many models and tests use it. Nothing in it is needed: whoever deletes it loses time only.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Days after which an object that nobody used is deleted. */
const KEPT_DAYS = 3;
/** Objects kept at most; the longest unused go first. */
const KEPT_FILES = 4000;

let folder: Promise<string | undefined> | undefined;

/** Key of an object: everything that its bytes depend on. */
export function objectKey(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 40);
}

/** Copies the files of a key, by extension, to these paths; false when they are not all there. */
export async function fetchObject(key: string, files: Readonly<Record<string, string>>): Promise<boolean> {
  const cache = await cacheFolder();
  if (cache === undefined) return false;
  try {
    const now = new Date();
    for (const [extension, path] of Object.entries(files)) {
      await copyFile(join(cache, key + extension), path);
      await utimes(join(cache, key + extension), now, now);
    }
    return true;
  } catch {
    return false;
  }
}

/** Keeps copies of these files under a key; a failure is no error. */
export async function storeObject(key: string, files: Readonly<Record<string, string>>): Promise<void> {
  const cache = await cacheFolder();
  if (cache === undefined) return;
  for (const [extension, path] of Object.entries(files)) {
    const temporary = join(cache, `${key}.${process.pid}.${Math.random().toString(36).slice(2)}`);
    try {
      await copyFile(path, temporary);
      await rename(temporary, join(cache, key + extension));
    } catch {
      await rm(temporary, { force: true });
      return;
    }
  }
}

/** The folder, made and tidied at first use; undefined when another user owns a folder of that name. */
function cacheFolder(): Promise<string | undefined> {
  folder ??= openFolder();
  return folder;
}

async function openFolder(): Promise<string | undefined> {
  const { uid, username } = userInfo();
  const path = join(tmpdir(), `nanoc-objects-${uid >= 0 ? uid : username}`);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const status = await stat(path);
    // Objects of somebody else would run with our rights.
    if (uid >= 0 && (status.uid !== uid || (status.mode & 0o022) !== 0)) return undefined;
    await tidy(path);
    return path;
  } catch {
    return undefined;
  }
}

async function tidy(path: string): Promise<void> {
  const names = await readdir(path);
  if (names.length < KEPT_FILES / 2) return;
  const oldest = Date.now() - KEPT_DAYS * 86_400_000;
  const files = await Promise.all(
    names.map(async (name) => ({
      name,
      used: await stat(join(path, name)).then(
        (s) => s.mtimeMs,
        () => 0,
      ),
    })),
  );
  files.sort((a, b) => b.used - a.used);
  const stale = files.filter(({ used }, index) => used < oldest || index >= KEPT_FILES);
  await Promise.all(stale.map(({ name }) => rm(join(path, name), { force: true })));
}
