import { cortexM, mps2Memories, mps2Timer } from '../arm-common/cortex-m.js';

export const target = cortexM({
  name: 'cortex-m0',
  description: 'Armv6-M, no FPU; run on mps2-an385, whose Cortex-M3 executes the same code',
  features: ['armv6m'],
  alignment: 8,
  machineFlags: ['-mcpu=cortex-m0', '-mthumb'],
  memories: mps2Memories,
  machine: 'mps2-an385',
  counter: mps2Timer,
});
