import type { EspIdf, Feature, Memory, Proof, Target } from '../../compiler/ir/target.js';

export interface EspChip {
  readonly name: string;
  readonly description: string;
  readonly features: readonly Feature[];
  readonly machineFlags: readonly string[];
  /** Internal RAM that ESP-IDF's linker script gives to static data (components/esp_system/ld/<chip>/memory.ld.in). */
  readonly ram: { readonly origin: number; readonly bytes: number };
  /** Where the flash is mapped for data. */
  readonly flashOrigin: number;
  readonly espIdf: EspIdf;
  readonly leavesOut: string;
  /** Where more of the chip is proven, with tools that no package brings. */
  readonly better?: Proof;
  /** Espressif's kernels are the default where the chip has vector instructions, which only they use. */
  readonly kernels?: 'esp-nn';
}

/** What the emitted project needs at least, and what the install command fetches. */
const IDF_VERSION = 'v5.5';

/** What all chips of Espressif have in common: ESP-IDF, its compilers, and a proof on a core of the same instruction set. */
export function espChip(chip: EspChip): Target {
  const { name, espIdf } = chip;
  const isXtensa = chip.features.includes('xtensa');
  const prefix = isXtensa ? `xtensa-${name}-elf-` : 'riscv32-esp-elf-';
  const flash: Memory = {
    name: 'FLASH',
    origin: chip.flashOrigin,
    bytes: espIdf.flashMegabytes << 20,
    kind: 'flash',
  };
  return {
    name,
    description: chip.description,
    features: chip.features,
    // What vector loads want, and a line of the cache holds.
    alignment: 16,
    memories: [flash, { name: 'RAM', ...chip.ram, kind: 'ram' }],
    toolchain: {
      compiler: `${prefix}gcc`,
      prefix,
      machineFlags: chip.machineFlags,
      linkFlags: [],
      debianPackages: [],
      install: `git clone --recursive --branch ${IDF_VERSION} https://github.com/espressif/esp-idf && esp-idf/install.sh ${name} && . esp-idf/export.sh`,
    },
    optimization: ['-O2'],
    startup: [],
    espIdf,
    ...(chip.kernels === undefined ? {} : { kernels: chip.kernels }),
    proof: {
      target: isXtensa ? 'lx7' : 'rv32imc',
      leavesOut: chip.leavesOut,
      ...(chip.better === undefined ? {} : { better: chip.better }),
    },
  };
}
