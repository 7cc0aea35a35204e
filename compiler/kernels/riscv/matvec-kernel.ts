/** Fully connected layers with one row for RV32IM cores: kernel options of MatMul and of Conv. */
import { generateMatvec, type MatvecCode } from '../packed/matvec.js';
import { convOfAllOption, type MatvecMaker, matvecOption } from '../packed/matvec-call.js';
import { assemblyFunction, STACK_BYTES } from './assembly.js';
import { rv32 } from './core.js';
import { matvecInstructions } from './matvec-instructions.js';

const code: MatvecCode = {
  ...{ core: 'rv32', header: 'nanoc/riscv.h', macro: 'NANOC_RV32_ASSEMBLY', bounds: true, stack: STACK_BYTES },
  assembly: (name, shape, form) => assemblyFunction(name, matvecInstructions(shape, form)),
};

const maker: MatvecMaker = {
  core: rv32(1),
  feature: 'riscv',
  localWords: 16,
  cannotSum: false,
  // Adding up costs an instruction an input and four channels, words beforehand some six an input.
  fewestColumns: 28,
  generate: (shape) => generateMatvec(code, shape),
};

export const rv32Matvec = matvecOption(maker);
export const rv32ConvOfAll = convOfAllOption(maker);
