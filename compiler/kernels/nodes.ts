/** What the native kernels of Conv and MatMul ask of a node, and its layer. */
import { elementCount } from '../ir/tensor.js';
import type { LowerContext } from '../ops/define.js';
import { channelsLast, constantOf, transposed } from '../ops/shared/convolution.js';
import { layerOf, type ZeroPointForm } from './arm-dsp/layer.js';
import type { StreamLayer } from './arm-dsp/stream.js';

/** Why a Conv is no quantized depthwise convolution, or undefined. */
export function whyNotDepthwise(context: LowerContext): string | undefined {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  const [channels, perGroup] = context.required(1).shape as [number, number];
  const each = perGroup === 1 && context.int('group') === channels && channels === x.shape[3];
  return each ? undefined : 'not one filter for each channel';
}

/** Why a MatMul is no product of int8 rows with a constant matrix, or undefined. */
export function whyNotMatrix(context: LowerContext): string | undefined {
  const b = context.required(1);
  if (context.required(0).quantization === undefined) return 'the inputs are float32';
  if (b.constant === undefined) return 'the right side is computed at run time';
  return b.shape.length === 2 ? undefined : 'the right side is no matrix';
}

/** Rows of a MatMul. */
export function rowsOf(context: LowerContext): number {
  return elementCount(context.required(0).shape) / context.required(1).shape[0]!;
}

/** x and y are NHWC, the weights [M, C, kH, kW]. */
export function convLayer(context: LowerContext, form: ZeroPointForm): StreamLayer {
  const { shape } = context.required(1);
  return layerOf(context, channelsLast(constantOf(context, 1).data as Int8Array, shape), shape[0]!, form);
}

/** Weights [inner][columns], turned. */
export function matmulLayer(context: LowerContext, form: ZeroPointForm): StreamLayer {
  const [inner, columns] = context.required(1).shape as [number, number];
  return layerOf(context, transposed(constantOf(context, 1).data as Int8Array, inner), columns, form);
}

/** Weights [channels][taps] less their zero point; that of x is in the bias. */
export function depthwiseLayer(context: LowerContext): StreamLayer {
  return layerOf(context, constantOf(context, 1).data as Int8Array, context.required(1).shape[0]!, 'wide');
}
