/** The emitted folder as its user builds it: with CMake, as a firmware and as libraries of another project. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { branchModel, streamModel } from '../../../test/support/quantized-models.js';
import type { CompileOptions, ModelSource } from '../../compilation.js';
import { compile, emitFiles } from '../../index.js';

/** Ends QEMU by semihosting SYS_EXIT_EXTENDED with the result of both self-tests. */
const MAIN = `#include "branch.h"
#include "stream.h"
static branch_t branch;
static stream_t stream;
int main(void) {
  int failed = branch_init(&branch) != BRANCH_OK || branch_selftest(&branch) != BRANCH_OK;
  failed |= stream_init(&stream) != STREAM_OK || stream_selftest(&stream) != STREAM_OK;
  const uint32_t block[2] = {0x20026, (uint32_t)failed};
  register uint32_t operation __asm("r0") = 0x20;
  register const uint32_t *argument __asm("r1") = block;
  __asm volatile("bkpt 0xab" : : "r"(operation), "r"(argument) : "memory");
  return failed;
}
`;

const PROJECT = `cmake_minimum_required(VERSION 3.16)
project(product C)
add_subdirectory(branch)
add_subdirectory(stream)
add_executable(product main.c branch/startup.c)
target_link_libraries(product PRIVATE branch stream)
target_link_options(product PRIVATE -T \${CMAKE_CURRENT_SOURCE_DIR}/branch/linker.ld -nostartfiles -specs=nano.specs -specs=nosys.specs)
`;

describe('CMake', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nanoc-cmake-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function emitInto(to: string, source: ModelSource, options: CompileOptions): Promise<void> {
    for (const { path, content } of await emitFiles(await compile(source, options))) {
      await mkdir(dirname(join(folder, to, path)), { recursive: true });
      await writeFile(join(folder, to, path), content);
    }
  }

  async function cmake(cwd: string, toolchain: string): Promise<string> {
    await execa('cmake', ['-B', 'build', `-DCMAKE_TOOLCHAIN_FILE=${toolchain}`], { cwd });
    return (await execa('cmake', ['--build', 'build'], { cwd, all: true })).all;
  }

  it('builds a program for the host, which runs', async () => {
    await emitInto('host', branchModel(), { target: 'host' });
    const cwd = join(folder, 'host');
    expect(await cmake(cwd, 'toolchain.cmake')).not.toContain('warning');
    expect((await execa('./build/branch_firmware', [], { cwd })).stdout).toMatch(/^y: element \d+ is the largest$/);
  });

  it('builds a firmware, and two models as libraries of one project, whose self-tests pass in QEMU', async () => {
    await emitInto('product/branch', branchModel(), { target: 'cortex-m4' });
    await emitInto('product/stream', streamModel(), { target: 'cortex-m4', states: ['next=past'] });
    const firmware = await cmake(join(folder, 'product/stream'), 'toolchain.cmake');
    expect(firmware).toContain('stream_firmware.elf');
    expect(firmware).not.toContain('warning');

    const product = join(folder, 'product');
    await writeFile(join(product, 'main.c'), MAIN);
    await writeFile(join(product, 'CMakeLists.txt'), PROJECT);
    await cmake(product, 'branch/toolchain.cmake');
    const options = ['-M', 'mps2-an386', '-nographic', '-monitor', 'none'];
    const semihosting = ['-semihosting-config', 'enable=on,target=native', '-kernel', 'build/product'];
    const run = await execa('qemu-system-arm', [...options, ...semihosting], {
      cwd: product,
      reject: false,
      timeout: 60_000,
    });
    expect(run.exitCode).toBe(0);
  });
});
