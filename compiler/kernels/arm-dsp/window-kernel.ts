/** The kernel option of depthwise Conv of any window for cores with the DSP extension and an FPU. */

import type { KernelCall, Overlap } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { windowLead } from '../../ops/shared/overlap.js';
import { perTensor } from '../../ops/shared/quantized.js';
import { windowOf } from '../../ops/shared/window.js';
import { depthwiseLayer, whyNotDepthwise } from '../nodes.js';
import { repeatTaps } from '../repeated-taps.js';
import { commonShift, fixedPointFor } from '../requantization-plan.js';
import { SAVED_BYTES } from './assembly.js';
import { clamps } from './layer.js';
import { groupStarts, type StreamLayer } from './stream.js';
import { generateWindow, packedWords, type WindowShape } from './window.js';

export const dspWindow: KernelOption = {
  function: 'nanoc_window_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: whyNot,
  build: (context) => ({ call: buildCall(context) }),
};

const LARGEST_SUM = 2 ** 23 - 2 ** 16;

function whyNot(context: LowerContext): true | string {
  const refusal = whyNotDepthwise(context);
  if (refusal !== undefined) return refusal;
  if (context.required(1).shape[0]! < 4) return 'fewer than four channels';
  const tooLarge = windowLayer(context).layer.channels.some(
    ({ reach }) => reach.greatest > LARGEST_SUM || reach.least < -LARGEST_SUM,
  );
  return tooLarge ? 'a sum can leave 24 bits' : true;
}

/** Weights [channels][taps]; the zero point is in the bias. */
function windowLayer(context: LowerContext): ReturnType<typeof repeatTaps> {
  return repeatTaps(depthwiseLayer(context));
}

interface Packed {
  readonly words: Uint32Array;
  readonly exact: Int8Array;
  readonly shift: number;
}

/** Groups of four channels (nanoc/dsp.h), each requantized one way. */
function pack(layer: StreamLayer): Packed {
  const { channels, inner, zeroPoint, low, high } = layer;
  const shift = commonShift(channels);
  const starts = groupStarts(channels.length, 4);
  const size = packedWords(inner);
  const words = new Uint32Array(size * starts.length);
  const scale = new Float32Array(1);
  const exact = new Int8Array(starts.length);
  starts.forEach((first, group) => {
    const four = channels.slice(first, first + 4);
    const solved = four.map((channel) =>
      shift === undefined ? undefined : fixedPointFor(channel, shift, 8, zeroPoint, low, high, false),
    );
    const isFixed = solved.every((constants) => constants !== undefined);
    exact[group] = isFixed ? 0 : 1;
    const at = group * size;
    four.forEach((channel, c) => {
      words[at + c] = 256 * channel.bias + (isFixed ? solved[c]!.tweak : 0);
      scale[0] = channel.scale / 256;
      words[at + size - 4 + c] = isFixed ? solved[c]!.multiplier : new Uint32Array(scale.buffer)[0]!;
    });
    packTaps(layer, first, words.subarray(at + 4));
  });
  return { words, exact, shift: shift ?? 1 };
}

function packTaps({ weights, inner }: StreamLayer, first: number, to: Uint32Array): void {
  const byte = (channel: number, tap: number) => (tap < inner ? weights[(first + channel) * inner + tap]! & 0xff : 0);
  for (let tap = 0; tap < inner; tap += 2) {
    for (const half of [0, 2]) {
      const [a, b] = [half, half + 1];
      to[tap + half / 2] = byte(a, tap) | (byte(b, tap) << 8) | (byte(a, tap + 1) << 16) | (byte(b, tap + 1) << 24);
    }
  }
}

function shapeOf(
  context: LowerContext,
  { layer, taps }: ReturnType<typeof repeatTaps>,
  { exact, shift }: Packed,
): WindowShape {
  const [batches, inHeight, inWidth, channels] = context.required(0).shape as [number, number, number, number];
  const [, outHeight, outWidth] = context.output(0).shape as [number, number, number];
  const window = windowOf(context, [inHeight, inWidth], context.required(1).shape.slice(2));
  const [kernelHeight, kernelWidth] = window.kernel as [number, number];
  const [strideHeight, strideWidth] = window.strides as [number, number];
  const [dilationHeight, dilationWidth] = window.dilations as [number, number];
  const [padTop, padLeft] = window.pads as [number, number];
  const leaves = (out: number, stride: number, pad: number, kernel: number, dilation: number, size: number) =>
    pad > 0 || (out - 1) * stride + (kernel - 1) * dilation >= size;
  const pads =
    leaves(outHeight, strideHeight, padTop, kernelHeight, dilationHeight, inHeight) ||
    leaves(outWidth, strideWidth, padLeft, kernelWidth, dilationWidth, inWidth);
  const kinds = [
    ...(exact.includes(0) ? (['fixed'] as const) : []),
    ...(exact.includes(1) ? (['exact'] as const) : []),
  ];
  return {
    ...{
      batches,
      inHeight,
      inWidth,
      channels,
      outHeight,
      outWidth,
      kernelHeight,
      kernelWidth,
      strideHeight,
      strideWidth,
    },
    ...{ dilationHeight, dilationWidth, padTop, padLeft, pads, taps, shift, kinds, clamps: clamps(layer) },
  };
}

function buildCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const repeated = windowLayer(context);
  const { layer } = repeated;
  const packed = pack(layer);
  const shape = shapeOf(context, repeated, packed);
  const generated = generateWindow(shape);
  const exactGroups = packed.exact.filter((kind) => kind === 1).length;
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
        struct: 'nanoc_dsp_window_params',
        fields: {
          x_zeros: { int: ((zeroOf(x) & 0xff) * 0x01010101) >>> 0 },
          y_zero: { int: perTensor(y).zeroPoint },
          low: { int: layer.low },
          high: { int: layer.high },
          weights: { constant: { suffix: 'weights', data: packed.words, role: 'weights', alignment: 4 } },
          exact:
            exactGroups === 0
              ? { text: 'NULL' }
              : { constant: { suffix: 'exact', data: packed.exact, role: 'parameters' } },
        },
      },
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: overlapsOf(context),
    macs: macsOf(y, shape.kernelHeight * shape.kernelWidth),
    remarks:
      exactGroups === 0
        ? []
        : [
            `${exactGroups} of ${packed.exact.length} groups of four channels are requantized in float: for one of the four no multiplier is exact`,
          ],
  };
}

/** Four channels are finished before the next four; each pixel is written when its window has been read. */
function overlapsOf(context: LowerContext): Overlap[] {
  const [x, y] = [context.required(0), context.output(0)];
  const [batches, height, width, channels] = x.shape as [number, number, number, number];
  // The last four of another number of channels are computed from inputs that an output may have replaced.
  if (channels % 4 !== 0) return [];
  const window = windowOf(context, [height, width], context.required(1).shape.slice(2));
  const pixels = windowLead({ batches, height, width, inputPixel: 1, outputPixel: 1, window, order: 'buffered' });
  return [{ input: x.name, output: y.name, lead: pixels * channels, multiple: channels }];
}
