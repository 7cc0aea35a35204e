/** The kernel options of MatMul for Armv7-M and Armv6-M cores: constant int8 weights, more than one row. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { constantOf } from '../../ops/shared/convolution.js';
import { leadOfSteps } from '../../ops/shared/overlap.js';
import { clamps, hasZeroPoints, layerOf } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { modesOf } from './conv.js';
import { FEATURES, packedCall } from './conv-kernel.js';
import { v6m } from './gemm-v6m.js';
import { v7m } from './gemm-v7m.js';
import { exactFraction } from './layer.js';
import { type Core, packLayer, whyNotPacked } from './stream.js';

function matmulOption(core: Core): KernelOption {
  return {
    function: `nanoc_conv_${core.name}`,
    family: 'native',
    needs: [FEATURES[core.name]],
    when: (context) => {
      const refusal = whyNotMatrix(context);
      if (refusal !== undefined) return refusal;
      return rowsOf(context) === 1 ? 'a single row' : (whyNotPacked(matmulLayer(context)) ?? true);
    },
    build: (context) => ({ call: matmulCall(context, core) }),
  };
}

export const v7mMatmul = matmulOption(v7m);
export const v6mMatmul = matmulOption(v6m);

export function whyNotMatrix(context: LowerContext): string | undefined {
  const b = context.required(1);
  if (context.required(0).quantization === undefined) return 'the inputs are float32';
  if (b.constant === undefined) return 'the right side is computed at run time';
  if (b.shape.length !== 2) return 'the right side is no matrix';
  return hasZeroPoints(context) ? 'the weights have a zero point' : undefined;
}

export function rowsOf(context: LowerContext): number {
  return elementCount(context.required(0).shape) / context.required(1).shape[0]!;
}

/** Weights [inner][columns], turned. */
export function matmulLayer(context: LowerContext): StreamLayer {
  const [inner, columns] = context.required(1).shape as [number, number];
  const data = constantOf(context, 1).data as Int8Array;
  const turned = new Int8Array(data.length);
  for (let k = 0; k < inner; k += 1) {
    for (let c = 0; c < columns; c += 1) turned[c * inner + k] = data[k * columns + c]!;
  }
  return layerOf(context, turned, columns);
}

/** Rows are the pixels of a 1x1 convolution. */
function matmulCall(context: LowerContext, core: Core): KernelCall {
  const layer = matmulLayer(context);
  const stream = packLayer(layer, core);
  const rows = rowsOf(context);
  const [inner, columns] = [layer.inner, layer.channels.length];
  const shape = {
    ...{ batches: 1, inHeight: 1, inWidth: rows, inChannels: inner, outHeight: 1, outWidth: rows },
    ...{
      outChannels: columns,
      kernelHeight: 1,
      kernelWidth: 1,
      strideHeight: 1,
      strideWidth: 1,
      padTop: 0,
      padLeft: 0,
    },
    ...{ modes: modesOf(stream), surplus: stream.surplus, clamps: clamps(layer) },
    exactFraction: exactFraction(stream.scales),
  };
  const steps = Array.from({ length: Math.ceil(rows / 2) }, (_, pair) => ({
    readStart: 2 * pair * inner,
    writeEnd: Math.min(2 * pair + 2, rows) * columns,
  }));
  return packedCall(context, core, layer, stream, shape, leadOfSteps(steps, rows * inner));
}
