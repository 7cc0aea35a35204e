/** Which nodes the packed kernels take. */

import type { LowerContext } from '../../ops/define.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { convLayer, matmulLayer, rowsOf, whyNotMatrix } from '../nodes.js';
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
  return whyNotPacked(convLayer(context, 'wide')) ?? true;
}

/** MatMul with more than one row. */
export function whyNotMatmul(context: LowerContext): true | string {
  const refusal = whyNotMatrix(context);
  if (refusal !== undefined) return refusal;
  return rowsOf(context) === 1 ? 'a single row' : (whyNotPacked(matmulLayer(context, 'wide')) ?? true);
}

/** MatMul with one row. */
export function whyNotMatvec(context: LowerContext): true | string {
  const refusal = whyNotMatrix(context);
  if (refusal !== undefined) return refusal;
  return rowsOf(context) === 1 ? fitsMatvec(matmulLayer(context, 'wide')) : 'more than one row';
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
  return fitsMatvec(convLayer(context, 'wide'));
}

function fitsMatvec(layer: StreamLayer): true | string {
  if (layer.channels.length < 4) return 'fewer than 4 columns';
  if (layer.inner > 30000) return 'more than 30,000 inputs';
  return whyNotRow(layer) ?? true;
}
