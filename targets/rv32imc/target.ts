import type { Target } from '../../compiler/ir/target.js';

/** One block of RAM on QEMU's `virt`; its first half plays the flash. */
export const target: Target = {
  name: 'rv32imc',
  description: 'RISC-V RV32IMC, no FPU, as in ESP32-C3',
  features: ['riscv'],
  alignment: 8,
  memories: [
    { name: 'FLASH', origin: 0x80000000, bytes: 4 << 20, kind: 'flash' },
    { name: 'RAM', origin: 0x80400000, bytes: 4 << 20, kind: 'ram' },
  ],
  toolchain: {
    compiler: 'riscv64-unknown-elf-gcc',
    prefix: 'riscv64-unknown-elf-',
    machineFlags: ['-march=rv32imc', '-mabi=ilp32', '-specs=picolibc.specs'],
    linkFlags: ['-nostartfiles'],
    debianPackages: ['gcc-riscv64-unknown-elf', 'picolibc-riscv64-unknown-elf'],
  },
  // Jump tables are indirect jumps, behind which no bound of the stack can be proven.
  optimization: ['-O2', '-fno-jump-tables'],
  qemu: {
    command: 'qemu-system-riscv32',
    machine: 'virt',
    options: ['-bios', 'none'],
    counter: { timer: 'minstret', instructionsPerTick: 1 },
    support: ['targets/riscv-common/simulated.h'],
    debianPackages: ['qemu-system-misc'],
  },
  optionalInTests: true,
  startup: ['targets/riscv-common/startup.c'],
  linkerScript: 'targets/rv32imc/linker.ld',
};
