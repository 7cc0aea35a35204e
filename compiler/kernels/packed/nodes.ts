/** Which nodes the packed kernels take, and their layers. */
import { elementCount } from '../../ir/tensor.js';
import type { LowerContext } from '../../ops/define.js';
import { channelsLast, constantOf, transposed } from '../../ops/shared/convolution.js';
import { hasZeroPoints, layerOf } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { whyNotPacked } from './stream.js';

/** Conv with more than one output pixel. */
export function whyNotConv(context: LowerContext): true | string {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  if (context.int('group') !== 1) return 'grouped';
  if (context.ints('dilations').some((d) => d !== 1)) return 'dilated';
  if (hasZeroPoints(context)) return 'the weights have a zero point';
  const [, height, width] = context.output(0).shape as [number, number, number];
  if (height * width < 2) return 'a single output pixel';
  return whyNotPacked(convLayer(context)) ?? true;
}

/** MatMul with more than one row. */
export function whyNotMatmul(context: LowerContext): true | string {
  const refusal = whyNotMatrix(context);
  if (refusal !== undefined) return refusal;
  return rowsOf(context) === 1 ? 'a single row' : (whyNotPacked(matmulLayer(context)) ?? true);
}

/** MatMul with one row. */
export function whyNotMatvec(context: LowerContext): true | string {
  const refusal = whyNotMatrix(context);
  if (refusal !== undefined) return refusal;
  return rowsOf(context) === 1 ? fitsMatvec(matmulLayer(context)) : 'more than one row';
}

/** A convolution with one output pixel, whose window is the whole image. */
export function whyNotConvOfAll(context: LowerContext): true | string {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  if (context.int('group') !== 1) return 'grouped';
  const [batches, height, width] = x.shape as [number, number, number];
  const kernel = context.required(1).shape.slice(2);
  const whole = batches === 1 && kernel[0] === height && kernel[1] === width;
  if (!whole || context.ints('pads').some((pad) => pad !== 0)) return 'the window is not the whole image';
  return hasZeroPoints(context) ? 'the weights have a zero point' : fitsMatvec(convLayer(context));
}

function fitsMatvec({ channels, inner }: StreamLayer): true | string {
  if (channels.length < 4) return 'fewer than 4 columns';
  return inner <= 30000 || 'more than 30,000 inputs';
}

function whyNotMatrix(context: LowerContext): string | undefined {
  const b = context.required(1);
  if (context.required(0).quantization === undefined) return 'the inputs are float32';
  if (b.constant === undefined) return 'the right side is computed at run time';
  if (b.shape.length !== 2) return 'the right side is no matrix';
  return hasZeroPoints(context) ? 'the weights have a zero point' : undefined;
}

/** x and y are NHWC, the weights [M, C, kH, kW]. */
export function convLayer(context: LowerContext): StreamLayer {
  const { shape } = context.required(1);
  return layerOf(context, channelsLast(constantOf(context, 1).data as Int8Array, shape), shape[0]!);
}

export function rowsOf(context: LowerContext): number {
  return elementCount(context.required(0).shape) / context.required(1).shape[0]!;
}

/** Weights [inner][columns], turned. */
export function matmulLayer(context: LowerContext): StreamLayer {
  const [inner, columns] = context.required(1).shape as [number, number];
  return layerOf(context, transposed(constantOf(context, 1).data as Int8Array, inner), columns);
}
