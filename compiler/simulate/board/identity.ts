/** What tells one program on a board from another: a hash of the C that was generated for the model and its kernels. */
import { createHash } from 'node:crypto';
import type { Compilation } from '../../compilation.js';
import { emitLibrary } from '../../index.js';

const BYTES = 16;

/** 16 bytes, the same for the same model and options. */
export async function boardIdentity(compilation: Compilation): Promise<Uint8Array> {
  const hash = createHash('sha256');
  for (const { path, content } of await emitLibrary(compilation)) hash.update(`${path}\0${content}\0`);
  return Uint8Array.from(hash.digest().subarray(0, BYTES));
}
