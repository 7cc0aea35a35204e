import { cortexM } from '../arm-common/cortex-m.js';

export const target = cortexM({
  name: 'cortex-m33',
  description: 'Armv8-M Mainline with DSP and FPU',
  features: ['armv7m', 'unaligned', 'dsp', 'fpu'],
  alignment: 8,
  machineFlags: ['-mcpu=cortex-m33', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16'],
  memories: [
    { name: 'FLASH', origin: 0x10000000, bytes: 4 << 20, kind: 'flash' },
    { name: 'RAM', origin: 0x38000000, bytes: 4 << 20, kind: 'ram' },
  ],
  machine: 'mps2-an505',
  counter: { timer: 'cmsdk', address: 0x50000000, instructionsPerTick: 50 },
});
