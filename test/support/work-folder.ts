import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** A new empty folder for each test of the file, removed afterwards. */
export function workFolder() {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nanoc-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return {
    get path(): string {
      return folder;
    },
    /** Writes a file and returns its absolute path. */
    write(name: string, content: string | Uint8Array): string {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
  };
}
