import type { Feature, Memory, QemuMachine, Target } from '../../compiler/ir/target.js';

export interface CortexM {
  readonly name: string;
  readonly description: string;
  readonly features: readonly Feature[];
  readonly alignment: number;
  readonly machineFlags: readonly string[];
  readonly memories: readonly Memory[];
  readonly machine: string;
  readonly counter: QemuMachine['counter'];
}

/** Through which programs read, write and end. */
export const SEMIHOSTING = 'targets/arm-common/semihosting.h';

/** CMSDK TIMER0 of the mps2 boards: 25 MHz against QEMU's 1 ns an instruction. */
export const mps2Timer: QemuMachine['counter'] = { timer: 'cmsdk', address: 0x40000000, instructionsPerTick: 40 };

/** ZBT SRAM of mps2-an385, -an386 and -an500. */
export const mps2Memories: readonly Memory[] = [
  { name: 'FLASH', origin: 0x00000000, bytes: 4 << 20, kind: 'flash' },
  { name: 'RAM', origin: 0x20000000, bytes: 4 << 20, kind: 'ram' },
];

/** What all Cortex-M targets have in common: GCC, newlib-nano, the shared startup code and QEMU. */
export function cortexM(core: CortexM): Target {
  return {
    name: core.name,
    description: core.description,
    features: core.features,
    alignment: core.alignment,
    memories: core.memories,
    toolchain: {
      compiler: 'arm-none-eabi-gcc',
      prefix: 'arm-none-eabi-',
      machineFlags: core.machineFlags,
      linkFlags: ['-nostartfiles', '-specs=nano.specs', '-specs=nosys.specs'],
      debianPackages: ['gcc-arm-none-eabi', 'libnewlib-arm-none-eabi'],
    },
    optimization: ['-O2'],
    qemu: {
      command: 'qemu-system-arm',
      machine: core.machine,
      counter: core.counter,
      support: ['targets/arm-common/simulated.h', SEMIHOSTING],
      debianPackages: ['qemu-system-arm'],
    },
    startup: ['targets/arm-common/startup.c'],
    linkerScript: `targets/${core.name}/linker.ld`,
  };
}
