/** Fully connected layers with one row for Armv7-M and Armv6-M cores: kernel options of MatMul and of Conv. */
import { assemblyFunction } from '../arm-dsp/assembly.js';
import { generateMatvec, type MatvecCode } from '../packed/matvec.js';
import {
  convOfAllOption,
  type MatvecMaker,
  matvecOption,
  wideConvOfAllOption,
  wideMatvecOption,
} from '../packed/matvec-call.js';
import { FEATURES } from './conv-kernel.js';
import type { ArmCore } from './core.js';
import { v6m } from './gemm-v6m.js';
import { v7m } from './gemm-v7m.js';
import { MATVEC_V6M_STACK, matvecV6m } from './matvec-v6m.js';
import { MATVEC_V7M_STACK, matvecV7m } from './matvec-v7m.js';

/** Armv6-M has no registers left to add inputs up as they pass, so that its array is larger; and a byte costs it two instructions, a wide input half a one. */
const FORMS: Record<ArmCore['name'], Pick<MatvecMaker, 'wideInputs' | 'localWords' | 'cannotSum'>> = {
  v7m: { localWords: 16, cannotSum: false },
  v6m: { localWords: 40, cannotSum: true, wideInputs: 256 },
};

const common = { header: 'nanoc/packed.h', bounds: false };

const CODE: Record<ArmCore['name'], MatvecCode> = {
  v7m: {
    ...{ ...common, core: 'v7m', macro: 'NANOC_V7M_ASSEMBLY', stack: MATVEC_V7M_STACK },
    assembly: (name, shape, form) => assemblyFunction(name, matvecV7m(shape, form)),
  },
  v6m: {
    ...{ ...common, core: 'v6m', macro: 'NANOC_V6M_ASSEMBLY', stack: MATVEC_V6M_STACK },
    assembly: (name, shape, form) => assemblyFunction(name, matvecV6m(shape, form)),
  },
};

function makerOf(core: ArmCore): MatvecMaker {
  const generate: MatvecMaker['generate'] = (shape) => generateMatvec(CODE[core.name], shape);
  return { core, feature: FEATURES[core.name], generate, ...FORMS[core.name], fewestColumns: 0 };
}

export const v7mMatvec = matvecOption(makerOf(v7m));
export const v6mMatvec = matvecOption(makerOf(v6m));
export const v6mWideMatvec = wideMatvecOption(makerOf(v6m));
export const v7mConvOfAll = convOfAllOption(makerOf(v7m));
export const v6mConvOfAll = convOfAllOption(makerOf(v6m));
export const v6mWideConvOfAll = wideConvOfAllOption(makerOf(v6m));
