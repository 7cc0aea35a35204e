import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { counterDefines } from '../simulate/harness.js';
import { qemuArguments } from '../simulate/simulator.js';
import { loadTarget } from '../targets.js';
import { buildFirmware, simulatorSupport } from './build.js';
import { programSizes, readElf } from './elf.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-build-'));
afterAll(() => rmSync(root, { recursive: true }));

const rounds = 1_000_000;
/** A loop of two instructions a round between two readings of the target's counter, printed by semihosting. */
const counted = (defines: readonly string[]) => `
${defines.map((define) => `#define ${define}`).join('\n')}
#include "target/simulated.h"
int main(void) {
  char text[12];
  char *at = &text[11];
  counter_start();
  const uint64_t before = counter_now();
  uint64_t start = before;
  while (start == before) { start = counter_now(); }
  uint32_t n = ${rounds}u;
#if defined(__riscv) || defined(__XTENSA__)
  __asm__ volatile("1: addi %0, %0, -1\\n bnez %0, 1b" : "+r"(n));
#else
  __asm__ volatile(".syntax unified\\n1: subs %0, #1\\n bne 1b" : "+l"(n) : : "cc");
#endif
  uint32_t ticks = (uint32_t)(counter_now() - start);
  counter_stop();
  *at = 0;
  do { *--at = (char)('0' + ticks % 10u); ticks /= 10u; } while (ticks != 0u);
  (void)semihost(4u, at);
  (void)semihost(0x18u, (const void *)0x20026u);
  return 0;
}
`;

const simulated = await simulatedTargets();

describe('buildFirmware', () => {
  it.each(simulated)('%s: the counter agrees with a loop of known length', async (name) => {
    const target = await loadTarget(name);
    const { instructionsPerTick } = target.qemu!.counter;
    const directory = join(root, name);
    const build = await buildFirmware({
      files: [
        ...(await simulatorSupport(target.qemu!)),
        { path: 'main.c', content: counted(counterDefines(target.qemu!.counter)) },
      ],
      target,
      directory,
    });
    expect(build.warnings).toBe('');
    const sizes = programSizes(readElf(readFileSync(build.program)));
    expect(sizes.flash).toBeGreaterThan(64);
    expect(sizes.flash).toBeLessThan(4096);
    const run = await execa(target.qemu!.command, [...qemuArguments(target.qemu!), '-kernel', build.program], {
      stdin: 'ignore',
      all: true,
      timeout: 20_000,
    });
    const instructions = Number(/\d+$/.exec(run.all.trim())![0]) * instructionsPerTick;
    expect(Math.abs(instructions - 2 * rounds)).toBeLessThanOrEqual(Math.max(2 * instructionsPerTick, 60));
  });

  it.skipIf(!simulated.includes('lx7'))('lx7: the count goes on where the 32 bits of CCOUNT end', async () => {
    const target = await loadTarget('lx7');
    const late = 'uint32_t late = 0xFFFFFF00u; __asm__ volatile("wsr.ccount %0\\n esync" : : "r"(late));';
    const content = counted([]).replace('const uint64_t before', `${late}\n  const uint64_t before`);
    const files = [...(await simulatorSupport(target.qemu!)), { path: 'main.c', content }];
    const { program } = await buildFirmware({ files, target, directory: join(root, 'wraps') });
    const run = await execa(target.qemu!.command, [...qemuArguments(target.qemu!), '-kernel', program], {
      timeout: 20_000,
    });
    const instructions = Number(run.stdout.trim()) * target.qemu!.counter.instructionsPerTick;
    expect(Math.abs(instructions - 2 * rounds)).toBeLessThanOrEqual(60);
  });

  it('names the script that makes a compiler which no package brings', async () => {
    const lx7 = await loadTarget('lx7');
    const { compiler: _, ...toolchain } = lx7.toolchain;
    const target = { ...lx7, toolchain: { ...toolchain, compiler: 'no-such-compiler' } };
    const files = [{ path: 'main.c', content: 'int main(void) { return 0; }\n' }];
    await expect(buildFirmware({ files, target, directory: join(root, 'kit') })).rejects.toMatchObject({
      exitCode: 3,
      diagnostics: [{ code: 'NC0601', help: expect.stringMatching(/bash \/.*targets\/xtensa-common\/install\.sh$/) }],
    });
  });

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
