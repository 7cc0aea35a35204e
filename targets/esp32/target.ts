import { espChip } from '../esp-common/esp.js';

export const target = espChip({
  name: 'esp32',
  description: 'Xtensa LX6 with FPU; ESP-IDF',
  features: ['xtensa', 'fpu'],
  machineFlags: ['-mlongcalls'],
  ram: { origin: 0x3ffb0000, bytes: 0x2c200 },
  flashOrigin: 0x3f400000,
  espIdf: {
    // Data is mapped through a window of 4 MB.
    flashMegabytes: 4,
    psram: {},
    sdkconfig: ['CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_240=y'],
  },
  leavesOut: "the chip's caches and memories",
});
