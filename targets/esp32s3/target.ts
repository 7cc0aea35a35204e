import type { Target } from '../../compiler/ir/target.js';
import { espChip } from '../esp-common/esp.js';

const chip = espChip({
  name: 'esp32s3',
  description: 'Xtensa LX7 with FPU and PIE vectors; ESP-IDF',
  features: ['xtensa', 'fpu', 'pie'],
  machineFlags: ['-mlongcalls', '-DCONFIG_IDF_TARGET_ESP32S3=1'],
  ram: { origin: 0x3fc88000, bytes: 0x53700 },
  flashOrigin: 0x3c000000,
  espIdf: {
    flashMegabytes: 16,
    psram: { rodataOption: 'SPIRAM_RODATA' },
    sdkconfig: ['CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_240=y'],
  },
  leavesOut: "the chip's PIE vector kernels, caches and memories",
  better: { target: 'lx7-pie', leavesOut: "the chip's caches and memories", runsVectors: true },
});

/** ESP-IDF has the linker script of the firmware; this one is the simulator's. */
export const target: Target = {
  ...chip,
  labwired: {
    chip: 'esp32s3',
    support: ['targets/labwired-common/simulated.h'],
    linkerScript: 'targets/esp32s3/linker.ld',
    executes: {
      description: 'C without MAC16',
      features: chip.features,
      machineFlags: ['-mlongcalls'],
      compiler: 'xtensa-lx7base-elf-gcc',
    },
  },
};
