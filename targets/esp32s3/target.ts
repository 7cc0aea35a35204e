import { espChip } from '../esp-common/esp.js';

export const target = espChip({
  name: 'esp32s3',
  description: 'Xtensa LX7 with FPU and PIE vectors; ESP-IDF',
  features: ['xtensa', 'fpu', 'pie'],
  machineFlags: ['-mlongcalls'],
  ram: { origin: 0x3fc88000, bytes: 0x53700 },
  flashOrigin: 0x3c000000,
  espIdf: {
    flashMegabytes: 16,
    psram: { rodataOption: 'SPIRAM_RODATA' },
    sdkconfig: ['CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_240=y'],
  },
  kernels: 'esp-nn',
  leavesOut: "the chip's PIE vector kernels, caches and memories",
});
