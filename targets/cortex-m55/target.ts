import { cortexM } from '../arm-common/cortex-m.js';

export const target = cortexM({
  name: 'cortex-m55',
  description: 'Armv8.1-M Mainline with MVE (Helium) and FPU',
  features: ['armv7m', 'unaligned', 'dsp', 'fpu', 'mve'],
  alignment: 16,
  machineFlags: ['-mcpu=cortex-m55', '-mthumb', '-mfloat-abi=hard', '-mfpu=auto'],
  memories: [
    { name: 'VECTORS', origin: 0x00000000, bytes: 1024, kind: 'flash' },
    { name: 'FLASH', origin: 0x01000000, bytes: 2 << 20, kind: 'flash' },
    { name: 'RAM', origin: 0x21000000, bytes: 2 << 20, kind: 'ram' },
  ],
  machine: 'mps3-an547',
  counter: { timer: 'systick', address: 0xe000e010, instructionsPerTick: 31.25 },
});
