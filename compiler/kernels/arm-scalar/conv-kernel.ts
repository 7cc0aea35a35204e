/** The kernel options of Conv and of MatMul with several rows for Armv7-M and Armv6-M cores. */
import type { Feature } from '../../ir/target.js';
import { type ConvMaker, convOption, matmulOption } from '../packed/conv-call.js';
import { generateConv } from './conv.js';
import type { ArmCore } from './core.js';
import { v6m } from './gemm-v6m.js';
import { v7m } from './gemm-v7m.js';

export const FEATURES: Record<ArmCore['name'], Feature> = { v7m: 'armv7m', v6m: 'armv6m' };

function makerOf(core: ArmCore): ConvMaker {
  return { core, together: 2, generate: (shape) => generateConv(core, shape) };
}

export const v7mConv = convOption('v7m', FEATURES.v7m, () => makerOf(v7m));
export const v6mConv = convOption('v6m', FEATURES.v6m, () => makerOf(v6m));
export const v7mMatmul = matmulOption('v7m', FEATURES.v7m, () => makerOf(v7m));
export const v6mMatmul = matmulOption('v6m', FEATURES.v6m, () => makerOf(v6m));
