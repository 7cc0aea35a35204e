/** Reads a model and its external data from the file system. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { AudioSource } from '../audio/parse.js';
import type { ModelSource } from '../compilation.js';
import { type Diagnostic, fail } from '../diagnostics/diagnostic.js';
import type { ImageSource } from '../image/parse.js';
import type { TokenizerSource } from '../text/parse.js';

/** Largest file that is read: protobuf itself ends at 2 GiB. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

/** @throws CompileError NC0802 when the file is missing, no file, unreadable or too large */
export function readModelFile(path: string): ModelSource {
  const bytes = readWhole(path, (because) =>
    fail({ code: 'NC0802', message: `cannot read the model ${path}`, because }),
  );
  const folder = dirname(path);
  // Many tensors lie in one file: it is read once.
  const files = new Map<string, Uint8Array>();
  return {
    fileName: basename(path),
    bytes,
    readExternal: (location) => {
      const known = files.get(location) ?? readExternal(folder, location);
      files.set(location, known);
      return known;
    },
  };
}

/**
 * External data beside or below the model. Symbolic links count as what they point to: none may lead out of the folder.
 * @throws CompileError NC0106
 */
export function readExternal(folder: string, location: string): Uint8Array {
  const refuse = (because: string) =>
    fail({ code: 'NC0106', message: `cannot read the model's data file "${location}"`, because });
  if (isAbsolute(location)) return refuse('external data is read only from files beside or below the model');
  let path: string;
  try {
    path = realpathSync(resolve(folder, location));
  } catch (error) {
    return refuse(reason(error));
  }
  const inside = relative(realpathSync(folder), path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    return refuse(
      "it lies outside the model's folder; external data is read only from files beside or below the model",
    );
  }
  return readWhole(path, refuse);
}

/** @throws CompileError NC0734 when the file is missing or unreadable */
export function readTokenizerFile(path: string): TokenizerSource {
  return textSource(path, readOr(path, 'NC0734', 'is no tokenizer that can be read'));
}

/** @throws CompileError NC0751 when the file is missing or unreadable */
export function readImageFile(path: string): ImageSource {
  return textSource(path, readOr(path, 'NC0751', 'does not describe an image front end'));
}

/** Bytes of a picture. @throws CompileError NC0753 when the file is missing or unreadable */
export function readPhotoFile(path: string): Uint8Array {
  return readOr(path, 'NC0753', 'is no picture that can be read');
}

/** @throws CompileError NC0738 when the file is missing or unreadable */
export function readAudioFile(path: string): AudioSource {
  return textSource(path, readOr(path, 'NC0738', 'does not describe an audio front end'));
}

/** Bytes of a sound. @throws CompileError NC0740 when the file is missing or unreadable */
export function readSoundFile(path: string): Uint8Array {
  return readOr(path, 'NC0740', 'is no sound that can be read');
}

function textSource(path: string, bytes: Uint8Array): { readonly fileName: string; readonly text: string } {
  return { fileName: basename(path), text: Buffer.from(bytes).toString('utf8') };
}

/** The whole file. @throws CompileError `code` when it is missing or unreadable; the message is its path and `what` */
function readOr(path: string, code: Diagnostic['code'], what: string): Uint8Array {
  return readWhole(path, (because) => fail({ code, message: `${path} ${what}`, because }));
}

function readWhole(path: string, refuse: (because: string) => never): Uint8Array {
  try {
    const status = statSync(path);
    // A device or pipe may never end.
    if (!status.isFile()) return refuse(status.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    if (status.size > MAXIMUM_BYTES) return refuse(`it has ${status.size} bytes; at most ${MAXIMUM_BYTES} are read`);
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return refuse(reason(error));
  }
}

/** What the system said, without the path that it repeats. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const text = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    ENOTDIR: 'a part of the path is not a folder',
  }[code ?? ''];
  return text ?? message;
}
