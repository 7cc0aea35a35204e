import type { Target } from '../../compiler/ir/target.js';

export const target: Target = {
  name: 'host',
  description: 'this computer, without a simulator',
  features: ['fpu', 'unaligned'],
  alignment: 16,
  memories: [],
  toolchain: { compiler: 'cc', prefix: '', machineFlags: [], linkFlags: [], debianPackages: ['gcc', 'libc6-dev'] },
  optimization: ['-O2'],
  startup: [],
};
