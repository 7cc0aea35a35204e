/** The kernel option of depthwise Conv of any window for RV32IM cores. */
import { LONGEST_ROW, type RotatingShape } from '../packed/depthwise.js';
import { depthwiseOption } from '../packed/depthwise-call.js';
import { assemblyFunction, STACK_BYTES } from './assembly.js';
import { rotatingInstructions } from './depthwise-instructions.js';

/** Offsets in loads and stores have twelve bits: those of three rows of the plane, and of the outputs of a strip. */
const rotating = {
  stack: STACK_BYTES,
  reach: { output: Number.POSITIVE_INFINITY, pitch: 1000 },
  longest: (channels: number) => Math.min(LONGEST_ROW, Math.floor(2047 / channels) + 1),
  source: (name: string, shape: RotatingShape) => assemblyFunction(name, rotatingInstructions(shape)),
};

export const rv32Depthwise = depthwiseOption(
  { name: 'rv32', pairs: false, header: 'nanoc/riscv.h', macro: 'NANOC_RV32_ASSEMBLY', bounds: true, rotating },
  'riscv',
);
