import { espChip } from '../esp-common/esp.js';

export const target = espChip({
  name: 'esp32c6',
  description: 'RISC-V RV32IMAC, no FPU; ESP-IDF',
  features: ['riscv'],
  machineFlags: ['-march=rv32imac_zicsr_zifencei', '-mabi=ilp32'],
  ram: { origin: 0x40800000, bytes: 0x6e610 },
  flashOrigin: 0x42000000,
  espIdf: { flashMegabytes: 8, sdkconfig: ['CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_160=y'] },
  leavesOut: "the chip's cache and memories, and atomic instructions, which the C does not use",
});
