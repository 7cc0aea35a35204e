/** The kernel options of Conv for cores with the DSP extension and an FPU. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import {
  accumulatorRemarks,
  channelsLast,
  constantOf,
  macsOf,
  outputScales,
  packWeights,
  weightZeroPoints,
  zeroOf,
} from '../../ops/shared/convolution.js';
import { leadOfSteps, type Step } from '../../ops/shared/overlap.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { type Window, windowOf } from '../../ops/shared/window.js';
import { type ChannelSums, reachOf } from '../requantization-plan.js';
import { SAVED_BYTES } from './assembly.js';
import { type DspConvShape, generateConv } from './conv.js';

import { packStream, type Stream, type StreamLayer, whyNotPacked } from './stream.js';

export const dspConv: KernelOption = {
  function: 'nanoc_conv_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: whyNot,
  build: (context) => ({ call: buildCall(context) }),
};

function whyNot(context: LowerContext): true | string {
  const x = context.required(0);
  const w = context.required(1);
  if (x.quantization === undefined) return 'the input is float32';
  if (context.int('group') !== 1) return 'grouped';
  if (context.ints('dilations').some((d) => d !== 1)) return 'dilated';
  const { zeroPoint } = w.quantization!;
  if (zeroPoint.some((z) => z !== 0)) return 'the weights have a zero point';
  const [batches, height, width] = context.output(0).shape as [number, number, number];
  if (batches * height * width < 2) return 'a single output pixel';
  return whyNotPacked(layerOf(context), 2) ?? true;
}

/** The layer as the stream wants it; x and y are NHWC, the weights [M, C, kH, kW]. */
function layerOf(context: LowerContext): StreamLayer {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const weights = channelsLast(constantOf(context, 1).data as Int8Array, w.shape);
  const channels = w.shape[0]!;
  const inner = weights.length / channels;
  const bias = context.input(2) === undefined ? undefined : (constantOf(context, 2).data as Int32Array);
  const folded = packWeights(weights, channels, inner, 1, weightZeroPoints(w, channels), bias, x).bias;
  const scales = outputScales(x, w, y);
  const { low, high } = perTensor(x);
  const sums = Array.from({ length: channels }, (_, c): ChannelSums => {
    const scale = scales[scales.length === 1 ? 0 : c]!;
    return { bias: folded[c]!, scale, reach: reachOf(weights, c * inner, inner, folded[c]!, low, high) };
  });
  const [clampLow, clampHigh] = clampOf(context, y);
  return { weights, inner, channels: sums, zeroPoint: perTensor(y).zeroPoint, low: clampLow, high: clampHigh };
}

function shapeOf(context: LowerContext, window: Window, layer: StreamLayer, stream: Stream): DspConvShape {
  const [batches, inHeight, inWidth, inChannels] = context.required(0).shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = context.output(0).shape as [number, number, number, number];
  const kinds = (['fixed', 'exact'] as const).filter((kind) => stream.segments.some((s) => s.kind === kind));
  return {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels },
    kernelHeight: window.kernel[0]!,
    kernelWidth: window.kernel[1]!,
    strideHeight: window.strides[0]!,
    strideWidth: window.strides[1]!,
    padTop: window.pads[0]!,
    padLeft: window.pads[1]!,
    shift: stream.shift,
    kinds,
    clamps: layer.low > -128 || layer.high < 127,
  };
}

function buildCall(context: LowerContext): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const window = windowOf(context, x.shape.slice(1, 3), w.shape.slice(2));
  const layer = layerOf(context);
  const stream = packStream(layer, 2);
  const shape = shapeOf(context, window, layer, stream);
  const generated = generateConv(shape);
  const segments = stream.segments.flatMap((s) => [s.kind === 'exact' ? 1 : 0, s.firstChannel, s.firstWord, s.endWord]);
  const largest = Math.max(...layer.channels.map(({ reach }) => Math.max(-reach.least, reach.greatest)));
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: SAVED_BYTES,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      {
        kind: 'params',
        struct: 'nanoc_dsp_params',
        fields: {
          x_zero: { int: zeroOf(x) },
          y_zero: { int: layer.zeroPoint },
          low: { int: layer.low },
          high: { int: layer.high },
          stream: { constant: { suffix: 'weights', data: stream.words, role: 'weights', alignment: 4 } },
          segments: { constant: { suffix: 'segments', data: Int32Array.from(segments), role: 'parameters' } },
          segment_count: { int: stream.segments.length },
        },
      },
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead: pairLead(shape) }],
    macs: macsOf(y, layer.inner),
    remarks: [
      ...accumulatorRemarks({ largest, proven: true }),
      ...(stream.exactChannels === 0
        ? []
        : [
            `${stream.exactChannels} of ${layer.channels.length} channels are requantized in float: no multiplier is exact for them`,
          ]),
    ],
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
