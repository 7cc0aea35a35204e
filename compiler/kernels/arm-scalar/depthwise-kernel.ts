/** The kernel options of depthwise Conv of any window for Armv7-M and Armv6-M cores. */
import { elementCount } from '../../ir/tensor.js';
import type { KernelOption } from '../../ops/define.js';
import { assemblyFunction } from '../arm-dsp/assembly.js';
import { LONGEST_ROW } from '../packed/depthwise.js';
import { depthwiseOption, outputRows } from '../packed/depthwise-call.js';
import { FEATURES } from './conv-kernel.js';
import { ROTATING_STACK, rotatingInstructions } from './depthwise-v7m.js';

const common = { header: 'nanoc/packed.h', bounds: false, copiesInside: false };
const rotating = {
  stack: ROTATING_STACK,
  reach: { output: 4096, pitch: 2000 },
  longest: () => LONGEST_ROW,
  source: (name: string, shape: Parameters<typeof rotatingInstructions>[0]) =>
    assemblyFunction(name, rotatingInstructions(shape)),
};

export const v7mDepthwise = depthwiseOption(
  { ...common, name: 'v7m', pairs: false, macro: 'NANOC_V7M_ASSEMBLY', rotating },
  FEATURES.v7m,
);
/** Whatever its shape; for tests of the kernel itself. */
export const anyPairs = depthwiseOption(
  { ...common, name: 'v6m', pairs: true, macro: 'NANOC_V6M_ASSEMBLY' },
  FEATURES.v6m,
);
/** Taps of a window up to which half a word is still less than what the portable kernel takes for each output. */
const FEW_TAPS = 8;

/** A word holds pixels of two output rows: of one row, half of each product is lost, and the portable kernel takes fewer instructions. */
export const v6mDepthwise: KernelOption = {
  ...anyPairs,
  when: (context) => {
    const fits = anyPairs.when!(context);
    const taps = elementCount(context.required(1).shape.slice(2));
    return fits === true && outputRows(context) === 1 && taps > FEW_TAPS
      ? 'one row of outputs: half of each word would be empty'
      : fits;
  },
};
