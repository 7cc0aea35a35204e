/** Which nodes the packed kernels take, and their layers. */
import { elementCount } from '../../ir/tensor.js';
import type { LowerContext } from '../../ops/define.js';
import { channelsLast, constantOf, transposed } from '../../ops/shared/convolution.js';
import { layerOf, type ZeroPointForm } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { whyNotRow } from './matvec-stream.js';
import { whyNotPacked } from './stream.js';

/** Conv with more than one output pixel. */
export function whyNotConv(context: LowerContext): true | string {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  if (context.int('group') !== 1) return 'grouped';
  if (context.ints('dilations').some((d) => d !== 1)) return 'dilated';
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
  return fitsMatvec(convLayer(context));
}

function fitsMatvec(layer: StreamLayer): true | string {
  if (layer.channels.length < 4) return 'fewer than 4 columns';
  if (layer.inner > 30000) return 'more than 30,000 inputs';
  return whyNotRow(layer) ?? true;
}

function whyNotMatrix(context: LowerContext): string | undefined {
  const b = context.required(1);
  if (context.required(0).quantization === undefined) return 'the inputs are float32';
  if (b.constant === undefined) return 'the right side is computed at run time';
  return b.shape.length === 2 ? undefined : 'the right side is no matrix';
}

/** x and y are NHWC, the weights [M, C, kH, kW]. */
export function convLayer(context: LowerContext, form: ZeroPointForm = 'wide'): StreamLayer {
  const { shape } = context.required(1);
  return layerOf(context, channelsLast(constantOf(context, 1).data as Int8Array, shape), shape[0]!, form);
}

export function rowsOf(context: LowerContext): number {
  return elementCount(context.required(0).shape) / context.required(1).shape[0]!;
}

/** Weights [inner][columns], turned. */
export function matmulLayer(context: LowerContext, form: ZeroPointForm = 'wide'): StreamLayer {
  const [inner, columns] = context.required(1).shape as [number, number];
  return layerOf(context, transposed(constantOf(context, 1).data as Int8Array, inner), columns, form);
}
