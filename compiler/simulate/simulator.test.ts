import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTarget } from '../targets.js';
import { buildFirmware } from '../toolchain/build.js';
import { simulatorFor } from './simulator.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-simulate-'));
afterAll(() => rmSync(root, { recursive: true }));

async function build(name: string, content: string) {
  const target = await loadTarget(name);
  const directory = mkdtempSync(join(root, 'build-'));
  return buildFirmware({ files: [{ path: 'main.c', content }], target, directory });
}

const copy = `#include <stdio.h>
int main(void) {
  FILE *in = fopen("stimulus.bin", "rb");
  FILE *out = fopen("response.bin", "wb");
  for (int c = fgetc(in); c != EOF; c = fgetc(in)) { (void)fputc(c ^ 1, out); }
  return fclose(out);
}
`;

describe('simulators', () => {
  it('streams bytes in and out of a host program', async () => {
    const program = await build('host', copy);
    const response = await simulatorFor(program.target).run(program, Uint8Array.of(1, 2, 254), { timeoutMs: 5000 });
    expect([...response]).toEqual([0, 3, 255]);
  });

  it('stops a program that hangs, in QEMU and on the host', async () => {
    for (const name of ['cortex-m4', 'host']) {
      const program = await build(name, 'int main(void) { for (volatile int i = 0;; i = 1) { } }\n');
      await expect(
        simulatorFor(program.target).run(program, Uint8Array.of(), { timeoutMs: 500 }),
      ).rejects.toMatchObject({
        exitCode: 1,
        diagnostics: [{ code: 'NC0702' }],
      });
    }
  });

  it('reports a wrong exit with its code', async () => {
    const program = await build('host', 'int main(void) { return 7; }\n');
    await expect(simulatorFor(program.target).run(program, Uint8Array.of(), { timeoutMs: 5000 })).rejects.toMatchObject(
      {
        diagnostics: [{ code: 'NC0703', message: 'the program ended with exit code 7' }],
      },
    );
  });
});
