import { cortexM, mps2Memories, mps2Timer } from '../arm-common/cortex-m.js';

export const target = cortexM({
  name: 'cortex-m3',
  description: 'Armv7-M, no FPU',
  features: ['armv7m', 'unaligned'],
  alignment: 8,
  machineFlags: ['-mcpu=cortex-m3', '-mthumb'],
  memories: mps2Memories,
  machine: 'mps2-an385',
  counter: mps2Timer,
});
