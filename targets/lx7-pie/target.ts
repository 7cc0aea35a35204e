import type { Target } from '../../compiler/ir/target.js';
import { target as lx7 } from '../lx7/target.js';

/** The ESP32-S3's own core, vectors included, on QEMU's `sim`: by Espressif's compiler and Espressif's QEMU. */
export const target: Target = {
  name: 'lx7-pie',
  description: "Xtensa LX7 of the ESP32-S3 with FPU and PIE vectors; on Espressif's QEMU",
  features: ['xtensa', 'fpu', 'pie'],
  alignment: 16,
  memories: [
    { name: 'FLASH', origin: 0x40001000, bytes: 4 << 20, kind: 'flash' },
    { name: 'RAM', origin: 0x3c000000, bytes: 4 << 20, kind: 'ram' },
  ],
  toolchain: {
    compiler: 'xtensa-esp32s3-elf-gcc',
    prefix: 'xtensa-esp32s3-elf-',
    machineFlags: ['-mlongcalls', '-DCONFIG_IDF_TARGET_ESP32S3=1'],
    linkFlags: ['-nostdlib', '-lc', '-lgcc'],
    debianPackages: [],
    install:
      'esp-idf/install.sh esp32s3 && python esp-idf/tools/idf_tools.py install qemu-xtensa && . esp-idf/export.sh',
  },
  optimization: lx7.optimization,
  qemu: {
    ...lx7.qemu!,
    options: ['-cpu', 'esp32s3', '-serial', 'none'],
  },
  startup: [...lx7.startup, 'targets/lx7-pie/console.c'],
  linkerScript: 'targets/lx7-pie/linker.ld',
};
