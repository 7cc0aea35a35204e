import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listTargets, loadTarget, simulatedTarget } from './targets.js';
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
    const chips = ['nrf52840', 'rp2040', 'rp2350', 'stm32f407', 'stm32l476'];
    expect(listTargets()).toEqual(expect.arrayContaining([...cores, ...chips]));
    for (const name of listTargets()) {
      const target = await loadTarget(name);
      expect(target.name).toBe(name);
      for (const path of [
        ...[target.qemu, target.labwired, target.renode].flatMap((simulator) => simulator?.support ?? []),
        ...[target.qemu, target.labwired].flatMap((simulator) => simulator?.linkerScript ?? []),
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

describe('chips', () => {
  it('have their own memories, as their linker scripts say, and the code of a core that is a target', async () => {
    const chips = (await Promise.all(listTargets().map(loadTarget))).filter(({ core }) => core !== undefined);
    expect(chips.length).toBeGreaterThan(4);
    for (const chip of chips) {
      const core = await loadTarget(chip.core!);
      expect([chip.features, chip.toolchain]).toEqual([core.features, core.toolchain]);
      expect(chip.memories).not.toEqual(core.memories);
      const script = readFileSync(join(packageRoot(), chip.linkerScript!), 'utf8');
      for (const { name, origin, bytes } of chip.memories.filter(({ kind }) => kind === 'ram')) {
        const [, at, length] = new RegExp(`${name} \\(rw\\) : ORIGIN = (\\w+), LENGTH = (\\d+)K`).exec(script)!;
        expect([Number(at), Number(length) << 10]).toEqual([origin, bytes]);
      }
    }
  });

  it('programs for a simulator are limited to what it executes right', async () => {
    const chip = await loadTarget('stm32f407');
    expect(simulatedTarget(chip, undefined)).toBe(chip);
    expect(simulatedTarget(chip, 'qemu')).toBe(chip);
    expect(simulatedTarget(chip, 'labwired').features).toEqual(['armv6m']);
    const same = await loadTarget('rp2040');
    expect(simulatedTarget(same, 'labwired')).toBe(same);
  });
});
