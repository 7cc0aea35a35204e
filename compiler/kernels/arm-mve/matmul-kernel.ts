/** The kernel options of matrix products for cores with MVE: constant int8 weights, one row or many. */

import type { KernelOption } from '../../ops/define.js';
import { matmulLayer, rowsOf, whyNotMatrix } from '../nodes.js';
import { gemmCall } from './conv-kernel.js';
import { rowsGeometry } from './geometry.js';
import { matvecCall } from './matvec-call.js';

export const mveMatvec: KernelOption = {
  function: 'nanoc_matvec_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => whyNotMatrix(context) ?? (rowsOf(context) === 1 || 'more than one row'),
  build: (context) => ({ call: matvecCall(context, matmulLayer(context, 'centred')) }),
};

export const mveMatmul: KernelOption = {
  function: 'nanoc_conv_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => whyNotMatrix(context) ?? (rowsOf(context) > 1 || 'a single row'),
  build: (context) => {
    const layer = matmulLayer(context, 'centred');
    const geometry = rowsGeometry(rowsOf(context), layer.inner, layer.channels.length);
    return { call: gemmCall(context, layer, geometry) };
  },
};
