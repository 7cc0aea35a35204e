import { espChip } from '../esp-common/esp.js';

export const target = espChip({
  name: 'esp32p4',
  description: 'RISC-V RV32IMAFC with FPU and PIE vectors; ESP-IDF',
  features: ['riscv', 'fpu', 'pie'],
  machineFlags: ['-march=rv32imafc_zicsr_zifencei', '-mabi=ilp32f'],
  // Of 768 KB, 256 are the cache.
  ram: { origin: 0x4ff40000, bytes: 512 << 10 },
  flashOrigin: 0x40000000,
  espIdf: { flashMegabytes: 16, psram: { rodataOption: 'SPIRAM_XIP_FROM_PSRAM' }, sdkconfig: [] },
  kernels: 'esp-nn',
  leavesOut:
    "the chip's PIE vector kernels, FPU, caches and memories; floats are computed by the C library's routines there",
});
