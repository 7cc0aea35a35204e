import { cortexM, mps2Memories, mps2Timer } from '../arm-common/cortex-m.js';

export const target = cortexM({
  name: 'cortex-m7',
  description: 'Armv7E-M with DSP and FPU, dual issue',
  features: ['armv7m', 'unaligned', 'dsp', 'fpu'],
  alignment: 8,
  machineFlags: ['-mcpu=cortex-m7', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16'],
  memories: mps2Memories,
  machine: 'mps2-an500',
  counter: mps2Timer,
});
