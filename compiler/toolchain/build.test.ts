import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { listTargets, loadTarget } from '../targets.js';
import { buildFirmware } from './build.js';
import { programSizes, readElf } from './elf.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-build-'));
afterAll(() => rmSync(root, { recursive: true }));

const rounds = 1_000_000;
/** A loop of two instructions a round between two readings of the target's counter, printed by semihosting. */
const counted = (timer: string, address: number) => `
#include <stdint.h>
static void call(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
static volatile uint32_t *const timer = (volatile uint32_t *)${address}u;
int main(void) {
  char text[12];
  char *at = &text[11];
  timer[0] = 0u;
  ${timer === 'cmsdk' ? 'timer[2] = ~0u; timer[1] = ~0u; timer[0] = 1u;' : 'timer[1] = 0xFFFFFFu; timer[2] = 0u; timer[0] = 5u;'}
  const int value = ${timer === 'cmsdk' ? 1 : 2};
  (void)timer[value];
  uint32_t start = timer[value];
  uint32_t n = ${rounds}u;
  __asm__ volatile(".syntax unified\\n1: subs %0, #1\\n bne 1b" : "+l"(n) : : "cc");
  uint32_t ticks = (start - timer[value])${timer === 'cmsdk' ? '' : ' & 0xFFFFFFu'};
  *at = 0;
  do { *--at = (char)('0' + ticks % 10u); ticks /= 10u; } while (ticks != 0u);
  call(4u, at);
  call(0x18u, (const void *)0x20026u);
  return 0;
}
`;

describe('buildFirmware', () => {
  it.each(listTargets().filter((name) => name !== 'host'))(
    '%s: the counter agrees with a loop of known length',
    async (name) => {
      const target = await loadTarget(name);
      const { timer, address, instructionsPerTick } = target.qemu!.counter;
      const directory = join(root, name);
      const build = await buildFirmware({
        files: [{ path: 'main.c', content: counted(timer, address) }],
        target,
        directory,
      });
      expect(build.warnings).toBe('');
      const sizes = programSizes(readElf(readFileSync(build.program)));
      expect(sizes.flash).toBeGreaterThan(64);
      expect(sizes.flash).toBeLessThan(4096);
      const args = [
        '-M',
        target.qemu!.machine,
        '-icount',
        'shift=0',
        '-nographic',
        '-semihosting-config',
        'enable=on,target=native',
      ];
      const run = await execa(target.qemu!.command, [...args, '-kernel', build.program], {
        stdin: 'ignore',
        all: true,
        timeout: 20_000,
      });
      const instructions = Number(/\d+$/.exec(run.all.trim())![0]) * instructionsPerTick;
      expect(Math.abs(instructions - 2 * rounds)).toBeLessThanOrEqual(2 * instructionsPerTick);
    },
  );

  it('shows what the compiler refused, with exit code 3', async () => {
    const target = await loadTarget('host');
    const files = [{ path: 'main.c', content: 'int main(void) { return missing; }\n' }];
    await expect(buildFirmware({ files, target, directory: join(root, 'bad') })).rejects.toMatchObject({
      exitCode: 3,
      diagnostics: [{ code: 'NC0602', because: expect.stringContaining('missing') }],
    });
  });

  it('names the package of a compiler that is not there', async () => {
    const host = await loadTarget('host');
    const target = { ...host, toolchain: { ...host.toolchain, compiler: 'no-such-compiler' } };
    const files = [{ path: 'main.c', content: 'int main(void) { return 0; }\n' }];
    await expect(buildFirmware({ files, target, directory: join(root, 'none') })).rejects.toMatchObject({
      exitCode: 3,
      diagnostics: [{ code: 'NC0601', help: expect.stringContaining('apt-get install gcc') }],
    });
  });

  it('fails only when no compiler is running any more', async () => {
    const directory = join(root, 'slow');
    mkdirSync(directory);
    const compiler = join(directory, 'compiler');
    const script = `case "$*" in *bad.c*) exit 1 ;; *slow.c*) sleep 0.3; touch ${directory}/ended ;; esac`;
    writeFileSync(compiler, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const host = await loadTarget('host');
    const target = { ...host, toolchain: { ...host.toolchain, compiler } };
    const files = ['bad.c', 'slow.c'].map((path) => ({ path, content: '' }));
    await expect(buildFirmware({ files, target, directory })).rejects.toMatchObject({
      diagnostics: [{ code: 'NC0602' }],
    });
    expect(existsSync(join(directory, 'ended'))).toBe(true);
  });
});
