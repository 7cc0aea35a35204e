import { espChip } from '../esp-common/esp.js';

export const target = espChip({
  name: 'esp32c3',
  description: 'RISC-V RV32IMC, no FPU; ESP-IDF',
  features: ['riscv'],
  machineFlags: ['-march=rv32imc_zicsr_zifencei', '-mabi=ilp32'],
  ram: { origin: 0x3fc80000, bytes: 0x4e710 },
  flashOrigin: 0x3c000000,
  espIdf: { flashMegabytes: 8, sdkconfig: ['CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_160=y'] },
  leavesOut: "the chip's cache and memories",
});
