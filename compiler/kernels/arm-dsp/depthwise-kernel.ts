/** The kernel option of depthwise Conv 3x3 at stride 1 for cores with the DSP extension and an FPU. */

import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { constantOf, macsOf, outputScales, weightZeroPoints, zeroOf } from '../../ops/shared/convolution.js';
import { leadOfSteps } from '../../ops/shared/overlap.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { type Window, windowOf } from '../../ops/shared/window.js';
import { whyNotDepthwise } from '../nodes.js';
import { type ChannelSums, commonShift, fixedPointFor } from '../requantization-plan.js';
import { type DepthwiseShape, generateDepthwise } from './depthwise.js';
import { withGeneral, withoutZeros } from './layer.js';

export const dspDepthwise: KernelOption = {
  function: 'nanoc_depthwise_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: whyNot,
  build: (context) => {
    const packed = pack(context);
    const callOf = (shape: DepthwiseShape) => depthwiseCall(context, shape, packed);
    return withGeneral(shapeOf(context, packed), callOf, (shape) => generateDepthwise(shape).function);
  },
};

const LARGEST_SUM = 2 ** 23 - 2 ** 16;

function whyNot(context: LowerContext): true | string {
  const refusal = whyNotDepthwise(context);
  if (refusal !== undefined) return refusal;
  const [channels, , kernelHeight, kernelWidth] = context.required(1).shape as [number, number, number, number];
  const window = windowAt(context);
  if (kernelHeight !== 3 || kernelWidth !== 3 || window.strides.some((s) => s !== 1)) return 'not 3x3 at stride 1';
  if (window.dilations.some((d) => d !== 1)) return 'dilated';
  if (window.pads.some((p) => p > 1)) return 'more than one row or column of padding';
  if (channels % 4 !== 0) return 'the number of channels is no multiple of four';
  if (window.output[1]! > 1000) return 'more than 1,000 columns';
  const weights = weightsOf(context);
  if (weights.some((weight) => weight < -128 || weight > 127)) return 'a weight less its zero point leaves int8';
  const tooLarge = channelsOf(context).some(({ reach }) => reach.greatest > LARGEST_SUM || reach.least < -LARGEST_SUM);
  return tooLarge ? 'a sum can leave 24 bits' : true;
}

function windowAt(context: LowerContext): Window {
  return windowOf(context, context.required(0).shape.slice(1, 3), context.required(1).shape.slice(2));
}

/** Weights [channels][taps] less their zero point. */
function weightsOf(context: LowerContext): Int16Array {
  const w = context.required(1);
  const weights = constantOf(context, 1).data as Int8Array;
  return withoutZeros(weights, weights.length / w.shape[0]!, weightZeroPoints(w, w.shape[0]!));
}

/** Sums of (x - zero point) * w: taps in the padding add nothing, so the bias is not folded. */
function channelsOf(context: LowerContext): ChannelSums[] {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const weights = weightsOf(context);
  const channels = w.shape[0]!;
  const taps = weights.length / channels;
  const scales = outputScales(x, w, y);
  const { low, high, zeroPoint } = perTensor(x);
  return Array.from({ length: channels }, (_, c) => {
    const bias = context.input(2) === undefined ? 0 : Number(constantOf(context, 2).data[c]);
    let [least, greatest] = [bias, bias];
    for (const weight of weights.subarray(c * taps, (c + 1) * taps)) {
      least += weight * ((weight > 0 ? low : high) - zeroPoint);
      greatest += weight * ((weight > 0 ? high : low) - zeroPoint);
    }
    return { bias, scale: scales[scales.length === 1 ? 0 : c]!, reach: { least, greatest } };
  });
}

interface Packed {
  readonly words: Uint32Array;
  readonly exact: Int8Array;
  readonly shift: number;
}

/** Five words a channel, ten for speed (nanoc/dsp.h); four channels are requantized one way. */
function pack(context: LowerContext): Packed {
  const channels = channelsOf(context);
  const weights = weightsOf(context);
  const { zeroPoint } = perTensor(context.output(0));
  const [low, high] = clampOf(context, context.output(0));
  const shift = context.optimize === 'size' ? undefined : commonShift(channels);
  const words: number[] = [];
  const exact = new Int8Array(channels.length / 4);
  for (let first = 0; first < channels.length; first += 4) {
    const group = channels.slice(first, first + 4);
    const solved = group.map((channel) =>
      shift === undefined ? undefined : fixedPointFor(channel, shift, 8, zeroPoint, low, high, false),
    );
    const isFixed = solved.every((constants) => constants !== undefined);
    exact[first / 4] = isFixed ? 0 : 1;
    group.forEach(({ bias, scale }, i) => {
      const taps = weights.subarray(9 * (first + i), 9 * (first + i) + 9);
      const start = 256 * bias + (isFixed ? solved[i]!.tweak : 0);
      const bits = new Uint32Array(Float32Array.of(scale / 256).buffer)[0]!;
      if (context.optimize === 'speed')
        words.push(...expanded(taps), isFixed ? solved[i]!.multiplier : zeroPoint, start, start, bits);
      else words.push(...packed(taps), isFixed ? solved[i]!.multiplier : bits, start);
    });
  }
  return { words: Uint32Array.from(words, (word) => word >>> 0), exact, shift: shift ?? 1 };
}

/** Bytes (w0, w1, w1, w2) of the three columns. */
function packed(taps: Int16Array): number[] {
  const byte = (row: number, column: number) => taps[3 * row + column]! & 0xff;
  return [0, 1, 2].map(
    (column) => byte(0, column) | (byte(1, column) << 8) | (byte(1, column) << 16) | (byte(2, column) << 24),
  );
}

/** Halfwords (w0, w1) * 256 of the three columns, then (w1, w2) * 256. */
function expanded(taps: Int16Array): number[] {
  const byte = (row: number, column: number) => taps[3 * row + column]! & 0xff;
  return [0, 1].flatMap((row) => [0, 1, 2].map((column) => (byte(row, column) << 8) | (byte(row + 1, column) << 24)));
}

function shapeOf(context: LowerContext, { exact, shift }: Packed): DepthwiseShape {
  const [batches, inHeight, inWidth, channels] = context.required(0).shape as [number, number, number, number];
  const [, outHeight, outWidth] = context.output(0).shape as [number, number, number];
  const [padTop, padLeft] = windowAt(context).pads as [number, number];
  const [low, high] = clampOf(context, context.output(0));
  const kinds = [
    ...(exact.includes(0) ? (['fixed'] as const) : []),
    ...(exact.includes(1) ? (['exact'] as const) : []),
  ];
  const clamps = low > -128 || high < 127;
  return {
    batches,
    inHeight,
    inWidth,
    channels,
    outHeight,
    outWidth,
    padTop,
    padLeft,
    shift,
    kinds,
    clamps,
    small: context.optimize === 'size',
    fast: context.optimize === 'speed',
  };
}

function depthwiseCall(context: LowerContext, shape: DepthwiseShape, packed: Packed): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const generated = generateDepthwise(shape);
  const [low, high] = clampOf(context, y);
  const zero = zeroOf(x);
  const exactGroups = packed.exact.filter((kind) => kind === 1).length;
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: generated.stack,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      {
        kind: 'params',
        struct: 'nanoc_dsp_depthwise_params',
        fields: {
          x_zeros: { int: ((zero & 0xff) * 0x01010101) >>> 0 },
          minus_zeros: { int: ((-zero & 0xffff) * 0x00010001) >>> 0 },
          y_zero: { int: perTensor(y).zeroPoint },
          low: { int: low },
          high: { int: high },
          weights: { constant: { suffix: 'weights', data: packed.words, role: 'weights', alignment: 4 } },
          exact:
            exactGroups === 0
              ? { text: 'NULL' }
              : { constant: { suffix: 'exact', data: packed.exact, role: 'parameters' } },
        },
      },
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead: pixelLead(shape) * shape.channels, multiple: shape.channels }],
    alignment: 4,
    macs: macsOf(y, 9),
    remarks:
      exactGroups === 0
        ? []
        : [
            `${4 * exactGroups} of ${shape.channels} channels are requantized in float: for one of each four no multiplier is exact`,
          ],
  };
}

/**
 * Four channels are finished before the next four. Two output rows are written when the rows below their middle ones have been
 * read; the rows above are held in a strip.
 * @returns pixels
 */
function pixelLead(shape: DepthwiseShape): number {
  const { batches, inHeight, inWidth, outHeight, outWidth, padTop } = shape;
  const steps = Array.from({ length: batches }, (_, batch) =>
    Array.from({ length: Math.ceil(outHeight / 2) }, (__, pair) => {
      const row = pair === 0 ? 0 : Math.max(0, 2 * pair - padTop + 2);
      return {
        readStart: row < inHeight ? (batch * inHeight + row) * inWidth : Number.POSITIVE_INFINITY,
        writeEnd: (batch * outHeight + Math.min(outHeight, 2 * pair + 2)) * outWidth,
      };
    }),
  ).flat();
  return leadOfSteps(steps, batches * inHeight * inWidth);
}
