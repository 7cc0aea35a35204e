/** Fully connected layers with one row for Armv7-M and Armv6-M cores: kernel options of MatMul and of Conv. */
import { convOfAllOption, type MatvecMaker, matvecOption } from '../packed/matvec-call.js';
import { FEATURES } from './conv-kernel.js';
import type { ArmCore } from './core.js';
import { v6m } from './gemm-v6m.js';
import { v7m } from './gemm-v7m.js';
import { generateMatvec } from './matvec.js';

/** Widening saves instructions on Armv6-M, which has the words of groups in scratch as well; with 128 inputs it takes 576 bytes at most. */
const WIDE_INPUTS: Record<ArmCore['name'], number | undefined> = { v7m: undefined, v6m: 128 };

function makerOf(core: ArmCore): MatvecMaker {
  const generate: MatvecMaker['generate'] = (shape) => generateMatvec(core, shape);
  return { core, feature: FEATURES[core.name], generate, wideInputs: WIDE_INPUTS[core.name] };
}

export const v7mMatvec = matvecOption(makerOf(v7m));
export const v6mMatvec = matvecOption(makerOf(v6m));
export const v7mConvOfAll = convOfAllOption(makerOf(v7m));
export const v6mConvOfAll = convOfAllOption(makerOf(v6m));
