import type { Target } from '../../compiler/ir/target.js';

/** One block of RAM on QEMU's `sim`; its first half plays the flash. */
export const target: Target = {
  name: 'lx7',
  description: 'Xtensa LX7 class: windows, FPU, no vectors; stands for ESP32 and ESP32-S3',
  features: ['xtensa', 'fpu'],
  alignment: 8,
  memories: [
    { name: 'FLASH', origin: 0x00002000, bytes: 4 << 20, kind: 'flash' },
    { name: 'RAM', origin: 0x00402000, bytes: 4 << 20, kind: 'ram' },
  ],
  toolchain: {
    compiler: 'xtensa-lx7-elf-gcc',
    prefix: 'xtensa-lx7-elf-',
    machineFlags: ['-mlongcalls'],
    linkFlags: ['-nostdlib', '-lc', '-lgcc'],
    debianPackages: ['gcc', 'libc6-dev', 'xz-utils', 'debian-archive-keyring'],
    kit: { folder: 'xtensa', script: 'targets/xtensa-common/install.sh' },
  },
  // Jump tables are indirect jumps, behind which no bound of the stack can be proven.
  optimization: ['-O2', '-fno-jump-tables'],
  qemu: {
    command: 'qemu-system-xtensa',
    machine: 'sim',
    options: ['-cpu', 'de233_fpu', '-m', '16M', '-serial', 'none'],
    // 40 MHz against 64 ns an instruction.
    counter: { timer: 'ccount', shift: 6, instructionsPerTick: 1 / 2.56 },
    support: ['targets/xtensa-common/simulated.h'],
    debianPackages: ['qemu-system-misc'],
  },
  optionalInTests: true,
  startup: ['targets/xtensa-common/startup.c'],
  linkerScript: 'targets/lx7/linker.ld',
};
