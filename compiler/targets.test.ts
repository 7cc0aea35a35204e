import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listTargets, loadTarget } from './targets.js';
import { packageRoot } from './toolchain/package-root.js';

describe('targets', () => {
  it('finds every folder, and each names itself and files that exist', async () => {
    const cores = [
      'cortex-m0',
      'cortex-m3',
      'cortex-m33',
      'cortex-m4',
      'cortex-m55',
      'cortex-m7',
      'host',
      'lx7',
      'rv32imc',
    ];
    expect(listTargets()).toEqual(expect.arrayContaining(cores));
    for (const name of listTargets()) {
      const target = await loadTarget(name);
      expect(target.name).toBe(name);
      for (const path of [
        ...(target.qemu === undefined ? [] : [target.qemu.support]),
        ...target.startup,
        ...(target.linkerScript === undefined ? [] : [target.linkerScript]),
      ]) {
        expect(existsSync(join(packageRoot(), path)), path).toBe(true);
      }
    }
  });

  it('names the nearest target for a wrong name', async () => {
    await expect(loadTarget('cortex-m5')).rejects.toMatchObject({
      diagnostics: [{ code: 'NC0810', help: expect.stringMatching(/did you mean "cortex-m/) }],
    });
  });
});
