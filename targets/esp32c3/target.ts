import type { Target } from '../../compiler/ir/target.js';
import { espChip } from '../esp-common/esp.js';

const chip = espChip({
  name: 'esp32c3',
  description: 'RISC-V RV32IMC, no FPU; ESP-IDF',
  features: ['riscv'],
  machineFlags: ['-march=rv32imc_zicsr_zifencei', '-mabi=ilp32'],
  ram: { origin: 0x3fc80000, bytes: 0x4e710 },
  flashOrigin: 0x3c000000,
  espIdf: { flashMegabytes: 8, sdkconfig: ['CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_160=y'] },
  leavesOut: "the chip's cache and memories",
});

/** ESP-IDF has the linker script of the firmware; this one is the simulator's. */
export const target: Target = {
  ...chip,
  labwired: {
    chip: 'esp32c3',
    support: ['targets/labwired-common/simulated.h'],
    linkerScript: 'targets/esp32c3/linker.ld',
  },
};
