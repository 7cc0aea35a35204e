/** The kernel options of matrix products for cores with MVE: constant int8 weights, one row or many. */
import { elementCount } from '../../ir/tensor.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { constantOf, transposed } from '../../ops/shared/convolution.js';
import { layerOf } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { gemmCall } from './conv-kernel.js';
import { rowsGeometry } from './geometry.js';
import { matvecCall } from './matvec-call.js';

export const mveMatvec: KernelOption = {
  function: 'nanoc_matvec_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => whyNot(context) ?? (rowsOf(context) === 1 || 'more than one row'),
  build: (context) => ({ call: matvecCall(context, matmulLayer(context)) }),
};

export const mveMatmul: KernelOption = {
  function: 'nanoc_conv_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => whyNot(context) ?? (rowsOf(context) > 1 || 'a single row'),
  build: (context) => {
    const layer = matmulLayer(context);
    const geometry = rowsGeometry(rowsOf(context), layer.inner, layer.channels.length);
    return { call: gemmCall(context, layer, geometry) };
  },
};

function whyNot(context: LowerContext): string | undefined {
  const b = context.required(1);
  if (context.required(0).quantization === undefined) return 'the inputs are float32';
  if (b.constant === undefined) return 'the right side is computed at run time';
  return b.shape.length === 2 ? undefined : 'the right side is no matrix';
}

function rowsOf(context: LowerContext): number {
  return elementCount(context.required(0).shape) / context.required(1).shape[0]!;
}

/** Weights [inner][columns], turned. */
function matmulLayer(context: LowerContext): StreamLayer {
  const [inner, columns] = context.required(1).shape as [number, number];
  return layerOf(context, transposed(constantOf(context, 1).data as Int8Array, inner), columns, 'centred');
}
