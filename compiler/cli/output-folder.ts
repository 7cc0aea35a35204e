/** The output folder is written whole or not at all. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EmittedFile } from '../compilation.js';
import { fail } from '../diagnostics/diagnostic.js';
import { reason } from './model-file.js';

/** A folder that holds this file was written by nanoc and may be replaced. */
const MARK = 'nanoc.lock';

/**
 * Refuses folders that nanoc did not write. Called before the work starts, so that nobody waits for a refusal.
 * @throws CompileError NC0502
 */
export function checkReplaceable(folder: string, force: boolean): void {
  if (!existsSync(folder) || force) return;
  if (!statSync(folder).isDirectory()) {
    fail({
      code: 'NC0502',
      message: `${folder} is a file`,
      expected: 'a folder',
      help: 'choose another with --output',
    });
  }
  if (readdirSync(folder).length === 0 || existsSync(join(folder, MARK))) return;
  fail({
    code: 'NC0502',
    message: `${folder} holds files that nanoc did not write`,
    because: `it has no ${MARK}, and the whole folder would be replaced`,
    help: 'choose another with --output, or --force to replace it',
  });
}

/**
 * Runs `fill` on a temporary folder beside `folder`, then puts it in its place. When anything fails, or the signal aborts, the
 * old folder stays as it was and nothing new is left.
 * @throws CompileError NC0501 when the file system refuses
 */
export async function replaceFolder<T>(
  folder: string,
  signal: AbortSignal,
  fill: (temporary: string) => Promise<T>,
): Promise<T> {
  const parent = dirname(folder);
  // The first folder that had to be made; removed again, with those below it, when nothing comes of it.
  const made = await asDiagnostic(folder, () => mkdir(parent, { recursive: true }));
  const temporary = await asDiagnostic(folder, () => mkdtemp(join(parent, `.${basename(folder)}-`)));
  // mkdtemp keeps others out; an output folder is as open as any other.
  await asDiagnostic(folder, () => chmod(temporary, 0o777 & ~process.umask()));
  // Should the process be ended in the middle of synchronous work, the folder goes with it.
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  process.on('exit', remove);
  try {
    const result = await asDiagnostic(folder, () => fill(temporary), FULL);
    signal.throwIfAborted();
    await asDiagnostic(folder, () => swap(temporary, folder));
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (made !== undefined) await removeEmpty(parent, made);
    throw error;
  } finally {
    process.off('exit', remove);
  }
}

/** Writes emitted files below a folder. @throws CompileError NC0501 */
export async function writeFiles(folder: string, files: readonly EmittedFile[], signal: AbortSignal): Promise<void> {
  for (const file of files) {
    signal.throwIfAborted();
    const path = join(folder, file.path);
    await asDiagnostic(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, file.content);
    });
  }
}

/** Removes folders from `folder` up to `top` as far as they are empty: another build may have put something there meanwhile. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  for (let each = folder; each.length >= top.length; each = dirname(each)) {
    if (readdirSync(each).length > 0) return;
    await rmdir(each);
  }
}

async function swap(temporary: string, folder: string): Promise<void> {
  if (!existsSync(folder)) return rename(temporary, folder);
  const old = `${temporary}-old`;
  await rename(folder, old);
  try {
    await rename(temporary, folder);
  } catch (error) {
    await rename(old, folder);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

/** No room: may come from any write. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
const REFUSALS: ReadonlySet<string> = new Set([
  ...FULL,
  ...['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'EISDIR', 'ENAMETOOLONG', 'ELOOP', 'EEXIST', 'EBUSY', 'EIO'],
]);

/** Runs an action that writes; what the system refuses is NC0501: the user's disk or permissions, not a defect. */
export async function asDiagnostic<T>(path: string, action: () => Promise<T>, codes = REFUSALS): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Error) || !codes.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return fail({
      code: 'NC0501',
      message: `cannot write ${path}`,
      because: reason(error),
      help: 'nothing was written; choose another place with --output, or make room or give permission',
    });
  }
}
