import { cortexM, mps2Memories, mps2Timer } from '../arm-common/cortex-m.js';

export const target = cortexM({
  name: 'cortex-m4',
  description: 'Armv7E-M with DSP and FPU',
  features: ['armv7m', 'unaligned', 'dsp', 'fpu'],
  alignment: 8,
  machineFlags: ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'],
  memories: mps2Memories,
  machine: 'mps2-an386',
  counter: mps2Timer,
});
