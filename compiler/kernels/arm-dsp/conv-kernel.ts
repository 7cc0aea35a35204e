/** The kernel options of Conv for cores with the DSP extension and an FPU. */

import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext, LoweredCall } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { leadOfSteps, type Step } from '../../ops/shared/overlap.js';
import { type Window, windowOf } from '../../ops/shared/window.js';
import { convLayer } from '../nodes.js';
import { anyCall } from './any-call.js';
import { SAVED_BYTES } from './assembly.js';
import { type DspConvShape, generateConv, sharesBorder } from './conv.js';
import {
  clamps,
  hasLowestZeroPoint,
  kindsOf,
  packingFor,
  paramsOf,
  requantizationRemarks,
  withGeneral,
  zeroPointFormFor,
} from './layer.js';
import { LOWEST_ZERO_POINT, matvecCall, SHARES_CODE, sharesCode } from './matmul-kernel.js';
import { packStream, type Stream, type StreamLayer, whyNotPacked } from './stream.js';

export const dspConv: KernelOption = {
  function: 'nanoc_conv_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: whyNotConv,
  build: buildCall,
};

/** A convolution with one output pixel, whose window is the whole image, is a matrix product with one row. */
export const dspConvOfAll: KernelOption = {
  function: 'nanoc_matvec_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: (context) => {
    const x = context.required(0);
    if (x.quantization === undefined) return 'the input is float32';
    if (context.int('group') !== 1) return 'grouped';
    const [batches, height, width] = x.shape as [number, number, number];
    const kernel = context.required(1).shape.slice(2);
    const whole = batches === 1 && kernel[0] === height && kernel[1] === width;
    if (!whole || context.ints('pads').some((pad) => pad !== 0)) return 'the window is not the whole image';
    if (sharesCode(context, inputsOf(context), context.required(1).shape[0]!)) return SHARES_CODE;
    if (hasLowestZeroPoint(context)) return LOWEST_ZERO_POINT;
    const layer = dspConvLayer(context);
    if (inputsOf(context) % 4 !== 0) return 'the number of inputs is no multiple of four';
    return whyNotPacked(layer, 4, packingFor(context)) ?? true;
  },
  build: (context) => ({ call: matvecCall(context, dspConvLayer(context)) }),
};

/** What all products of two channels need: int8, one group, no dilation, more than one output pixel. */
export function whyNotConv(context: LowerContext): true | string {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  if (context.int('group') !== 1) return 'grouped';
  if (context.ints('dilations').some((d) => d !== 1)) return 'dilated';
  if (hasLowestZeroPoint(context)) return LOWEST_ZERO_POINT;
  const [batches, height, width] = context.output(0).shape as [number, number, number];
  const outputs = context.required(1).shape[0]!;
  if (batches * height * width < 2 && !sharesCode(context, inputsOf(context), outputs)) return 'a single output pixel';
  return whyNotPacked(dspConvLayer(context), 2, packingFor(context)) ?? true;
}

/** Inputs of one output. */
function inputsOf(context: LowerContext): number {
  return context
    .required(1)
    .shape.slice(1)
    .reduce((product, size) => product * size, 1);
}

/** x and y are NHWC, the weights [M, C, kH, kW]. */
export function dspConvLayer(context: LowerContext): StreamLayer {
  return convLayer(context, zeroPointFormFor(context));
}

function shapeOf(context: LowerContext, window: Window, layer: StreamLayer, stream: Stream): DspConvShape {
  const [batches, inHeight, inWidth, inChannels] = context.required(0).shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = context.output(0).shape as [number, number, number, number];
  return {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels },
    kernelHeight: window.kernel[0]!,
    kernelWidth: window.kernel[1]!,
    strideHeight: window.strides[0]!,
    strideWidth: window.strides[1]!,
    padTop: window.pads[0]!,
    padLeft: window.pads[1]!,
    packing: stream.packing,
    sumLanes: layer.sumLanes,
    shift: stream.shift,
    kinds: kindsOf(stream),
    clamps: clamps(layer),
  };
}

function buildCall(context: LowerContext): LoweredCall {
  const [x, w] = [context.required(0), context.required(1)];
  const window = windowOf(context, x.shape.slice(1, 3), w.shape.slice(2));
  const layer = dspConvLayer(context);
  const small = context.optimize === 'size';
  const stream = packStream(layer, 2, packingFor(context), small ? 'exact' : undefined);
  const shape = shapeOf(context, window, layer, stream);
  if (small && layer.sumLanes === 0) return { call: anyCall(context, shape, layer, stream, pairLead(shape)) };
  return withGeneral(
    shape,
    (each) => convCall(context, each, layer, stream),
    (each) => generateConv(each).function,
  );
}

function convCall(context: LowerContext, shape: DspConvShape, layer: StreamLayer, stream: Stream): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const generated = generateConv(shape);
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: sharesBorder(shape) ? ['arm-dsp/nanoc_widen_border_dsp.c'] : [],
    generated: generated.generated,
    assemblyStack: SAVED_BYTES,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      paramsOf(context, layer, stream),
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead: pairLead(shape) }],
    macs: macsOf(y, inputsOf(context)),
    remarks: requantizationRemarks(stream),
  };
}

/** Two pixels are read whole before either is written. */
function pairLead(shape: DspConvShape): number {
  const { batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = shape;
  const readStarts: number[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    for (let oy = 0; oy < outHeight; oy += 1) {
      for (let ox = 0; ox < outWidth; ox += 1) {
        const row = Math.max(0, oy * shape.strideHeight - shape.padTop);
        const column = Math.max(0, ox * shape.strideWidth - shape.padLeft);
        const nothing = row >= inHeight || column >= inWidth;
        readStarts.push(
          nothing ? Number.POSITIVE_INFINITY : ((batch * inHeight + row) * inWidth + column) * inChannels,
        );
      }
    }
  }
  const steps: Step[] = [];
  for (let pixel = 0; pixel < readStarts.length; pixel += 2) {
    const readStart = Math.min(readStarts[pixel]!, readStarts[pixel + 1] ?? Number.POSITIVE_INFINITY);
    steps.push({ readStart, writeEnd: Math.min(pixel + 2, readStarts.length) * outChannels });
  }
  return leadOfSteps(steps, batches * inHeight * inWidth * inChannels);
}
