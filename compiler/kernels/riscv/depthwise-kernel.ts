/** The kernel option of depthwise Conv of any window for RV32IM cores. */
import type { PlaneWindowShape, RotatingShape } from '../packed/depthwise.js';
import { depthwiseOption } from '../packed/depthwise-call.js';
import { assemblyFunction, STACK_BYTES } from './assembly.js';
import { longestStrip, rotatingInstructions, windowInstructions } from './depthwise-instructions.js';

/** Offsets in loads and stores have twelve bits: those of three rows of the plane, and of the outputs of a strip. */
const rotating = {
  stack: STACK_BYTES,
  reach: { output: Number.POSITIVE_INFINITY, pitch: 1000 },
  longest: longestStrip,
  source: (name: string, shape: RotatingShape) => assemblyFunction(name, rotatingInstructions(shape)),
};

const window = {
  stack: STACK_BYTES,
  reach: 2047,
  source: (name: string, shape: PlaneWindowShape) => assemblyFunction(name, windowInstructions(shape)),
};

export const rv32Depthwise = depthwiseOption(
  {
    ...{ name: 'rv32', header: 'nanoc/riscv.h', macro: 'NANOC_RV32_ASSEMBLY' },
    ...{ pairs: false, bounds: true, copiesInside: true, rotating, window },
  },
  'riscv',
);
