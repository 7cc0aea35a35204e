/** Temporary folders that are gone when the process is, however it ends. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const open = new Set<string>();

/** Runs `action` in a new folder `<prefix>...` below the system's temporary one, and removes it whatever happens. */
export async function withTemporaryFolder<T>(prefix: string, action: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  // `process.exit` does not wait for what is below.
  if (open.size === 0) process.on('exit', removeAll);
  open.add(folder);
  try {
    return await action(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    open.delete(folder);
    if (open.size === 0) process.off('exit', removeAll);
  }
}

function removeAll(): void {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
}
