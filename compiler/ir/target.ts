/** What a target folder (`targets/<name>/target.ts`) declares. Operators ask about features; no operator names a board. */

/** CPU features that kernels may need. */
export type Feature = 'fpu' | 'dsp' | 'mve' | 'armv6m' | 'armv7m' | 'riscv' | 'xtensa' | 'pie' | 'unaligned';

export interface Memory {
  readonly name: string;
  readonly origin: number;
  readonly bytes: number;
  readonly kind: 'flash' | 'ram';
}

export interface Toolchain {
  /** Command name, e.g. `arm-none-eabi-gcc`; `cc` for the host. */
  readonly compiler: string;
  /** binutils prefix, e.g. `arm-none-eabi-`. */
  readonly prefix: string;
  /** Flags that choose the core and ABI: `-mcpu=cortex-m4 -mthumb ...`. */
  readonly machineFlags: readonly string[];
  readonly linkFlags: readonly string[];
  /** Debian package that brings it, for `nanoc doctor`. */
  readonly debianPackages: readonly string[];
  /**
   * Where no package brings a compiler that works as it is: a script makes it of packages (`debianPackages` are what the script
   * needs), in `nanoc/<folder>` of the user's cache.
   */
  readonly kit?: { readonly folder: string; readonly script: string };
  /** The one command that installs it where it is the vendor's own, and neither packages nor a kit bring it. */
  readonly install?: string;
}

/** A chip that is programmed with ESP-IDF. */
export interface EspIdf {
  /** Largest flash that its modules have, in MB. */
  readonly flashMegabytes: number;
  /** Where weights can be read from PSRAM: the option of ESP-IDF that moves read-only data there. Absent where there is no PSRAM. */
  readonly psram?: { readonly rodataOption?: string };
  /** Lines of sdkconfig.defaults besides those that all chips have. */
  readonly sdkconfig: readonly string[];
}

/** Another target on which the very same C is run, for a chip that no simulator here runs. */
export interface Proof {
  readonly target: string;
  /** What of the chip is not proven there. */
  readonly leavesOut: string;
  /** Whether it runs the vector kernels that vendors' libraries have for the chip; absent: their kernels in C take their place. */
  readonly runsVectors?: boolean;
  /** Taken instead where its compiler and its simulator are installed: the vendor's own, which no package brings. */
  readonly better?: Proof;
}

export interface QemuMachine {
  readonly command: string;
  readonly machine: string;
  /** How instructions are counted: `-icount`, with this timer or, for `minstret` and `ccount`, the core's own counter. */
  readonly counter: {
    readonly timer: 'cmsdk' | 'systick' | 'minstret' | 'ccount';
    /** Of a timer in memory. */
    readonly address?: number;
    readonly instructionsPerTick: number;
    /** An instruction takes 2^shift ns of the machine's time; 0 where it is not given. */
    readonly shift?: number;
  };
  /** Of the machine's memories, where they are not the target's. */
  readonly linkerScript?: string;
  /** Arguments besides those that all machines have: `-bios none`. */
  readonly options?: readonly string[];
  /** Package-relative paths of `simulated.h` and what it includes: semihosting, registers at a fault, the counter, for the test harness. */
  readonly support: readonly string[];
  readonly debianPackages: readonly string[];
}

/** What `--sim` chooses from; `board` is the chip itself, over a serial line, and every target can have it. */
export const SIMULATORS = ['qemu', 'labwired', 'renode', 'board'] as const;
export type SimulatorName = (typeof SIMULATORS)[number];

/** A model of a chip in labwired (PyPI): the target's own memories, no count of instructions. */
export interface LabwiredChip {
  /** As labwired calls it. */
  readonly chip: string;
  /** Package-relative paths of the `simulated.h` that speaks with the driver, and of what it includes. */
  readonly support: readonly string[];
  /** Of a chip whose firmware is linked by its vendor's project. */
  readonly linkerScript?: string;
  /** What the model executes right, where that is less than the core: programs for it are compiled with this. */
  readonly executes?: {
    /** For reports: `Armv6-M code`. */
    readonly description: string;
    readonly features: readonly Feature[];
    readonly machineFlags: readonly string[];
    /** In place of the toolchain's, for a core without those instructions. */
    readonly compiler?: string;
  };
}

/** A chip that Renode describes: the target's own memories, no count of instructions. */
export interface RenodePlatform {
  /** Path of the description in Renode's folder, `platforms/cpus/stm32f4.repl`. */
  readonly platform: string;
  /** Package-relative paths of `simulated.h` and of what it includes. */
  readonly support: readonly string[];
}

export interface Target {
  readonly name: string;
  readonly description: string;
  /** Of a chip: the target of its core, whose code and QEMU machine it shares. */
  readonly core?: string;
  readonly features: readonly Feature[];
  /** Lowest address alignment for the arena and for weights, in bytes. */
  readonly alignment: number;
  readonly memories: readonly Memory[];
  readonly toolchain: Toolchain;
  /** Optimisation flags for kernels and model, e.g. ['-O2']. */
  readonly optimization: readonly string[];
  /** Absent for the host, whose programs are run directly. */
  readonly qemu?: QemuMachine;
  /** `nanoc build` writes an ESP-IDF project round a component, instead of a firmware with startup code of nanoc's. */
  readonly espIdf?: EspIdf;
  /** The family that `--kernels auto` means here; absent: nanoc's own. */
  readonly kernels?: 'esp-nn';
  /** Where `nanoc run` and `nanoc verify` run the C. */
  readonly proof?: Proof;
  readonly labwired?: LabwiredChip;
  readonly renode?: RenodePlatform;
  /** Tests in its simulator are skipped, and say so, where its tools are missing and cannot be installed; never in CI. */
  readonly optionalInTests?: boolean;
  /** Files of the target folder that a firmware needs: startup code, linker script (package-relative paths). */
  readonly startup: readonly string[];
  readonly linkerScript?: string;
}
