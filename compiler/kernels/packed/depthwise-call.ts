/** Kernel options of depthwise Conv of any window. */

import type { KernelCall, Overlap } from '../../ir/kernel-call.js';
import type { Feature } from '../../ir/target.js';
import { shortShifts, solveShort } from '../../numerics/short-requantization.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { leadOfSteps } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import { clamps } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { depthwiseLayer, whyNotDepthwise } from '../nodes.js';
import { repeatTaps } from '../repeated-taps.js';
import { commonShift, fixedPointFor } from '../requantization-plan.js';
import { type DepthwiseCore, type DepthwiseShape, generateDepthwise, planeBytes, planeRows } from './depthwise.js';
import { groupsFit } from './fields.js';
import { exactFraction } from './layer.js';

export function depthwiseOption(core: DepthwiseCore, feature: Feature): KernelOption {
  return {
    function: `nanoc_depthwise_${core.name}`,
    family: 'native',
    needs: [feature],
    when: (context) => whyNot(context, core),
    build: (context) => ({ call: buildCall(context, core) }),
  };
}

/** Sums are used times 256. */
const LARGEST_SUM = 2 ** 23 - 2 ** 16;

function whyNot(context: LowerContext, core: DepthwiseCore): true | string {
  const refusal = whyNotDepthwise(context);
  if (refusal !== undefined) return refusal;
  const { layer } = repeatedLayer(context);
  if (layer.inner > 100) return 'more than 100 taps';
  const tooLarge = layer.channels.some(({ reach }) => reach.greatest > LARGEST_SUM || reach.least < -LARGEST_SUM);
  if (tooLarge) return 'a sum can leave 24 bits';
  return core.pairs && !groupsOfAllFit(layer, 2) ? 'two neighbouring weights are -128' : true;
}

/** Weights [channels][taps]; the zero point of x is in the bias. */
function repeatedLayer(context: LowerContext): ReturnType<typeof repeatTaps> {
  return repeatTaps(depthwiseLayer(context));
}

function groupsOfAllFit({ weights, inner, channels }: StreamLayer, size: number): boolean {
  return channels.every((_, c) => groupsFit(weights.subarray(c * inner, (c + 1) * inner), size));
}

interface Packed {
  readonly words: Uint32Array;
  readonly exact: Int8Array;
  readonly shift: number;
  readonly fraction: number;
}

/** For each channel the start of its sum, the requantization and the weights, a byte each (nanoc/packed.h). */
function pack(layer: StreamLayer, core: DepthwiseCore): Packed {
  const { channels, inner, weights } = layer;
  const { solve, shift, fraction } = core.pairs ? pairsSolver(layer) : bytesSolver(layer);
  const head = core.pairs ? 3 : 2;
  const size = head + Math.ceil(inner / 4);
  const words = new Uint32Array(size * channels.length);
  const bytes = new Uint8Array(words.buffer);
  const exact = new Int8Array(channels.length);
  channels.forEach((channel, c) => {
    const solved = solve(c);
    if (solved === undefined) {
      exact[c] = 1;
      words[c * size] = channel.bias;
      words[c * size + 1] = new Uint32Array(Float32Array.of(channel.scale).buffer)[0]!;
    } else words.set(solved, c * size);
    for (let k = 0; k < inner; k += 1) {
      bytes[4 * (c * size + head) + k] = weights[c * inner + k]!;
    }
  });
  return { words, exact, shift, fraction };
}

interface Solver {
  readonly shift: number;
  readonly fraction: number;
  /** The words before the weights of a channel, or undefined. */
  solve(channel: number): number[] | undefined;
}

function bytesSolver({ channels, zeroPoint, low, high }: StreamLayer): Solver {
  const shift = commonShift(channels);
  return {
    shift: (shift ?? 0) + 8,
    fraction: 0,
    solve: (c) => {
      const found =
        shift === undefined ? undefined : fixedPointFor(channels[c]!, shift, 8, zeroPoint, low, high, false);
      return found === undefined ? undefined : [256 * channels[c]!.bias + found.tweak, found.multiplier];
    },
  };
}

function pairsSolver({ channels, zeroPoint, low, high }: StreamLayer): Solver {
  const sum = Math.max(...channels.map(({ reach }) => Math.max(reach.greatest, -reach.least)));
  const shifts = shortShifts(sum, Math.max(...channels.map(({ scale }) => scale)));
  return {
    shift: shifts?.shift ?? 1,
    fraction: shifts?.fraction ?? 3,
    solve: (c) => {
      const { scale, reach, bias } = channels[c]!;
      const found = shifts === undefined ? undefined : solveShort({ scale, reach, zeroPoint, low, high }, shifts);
      return found === undefined ? undefined : [bias, found.low + found.high * 65536, found.addend];
    },
  };
}

/** Bytes that a plane may take: a sixteenth of the input, within these bounds. */
const PLANE = { least: 256, most: 2048 };

function shapeOf(
  context: LowerContext,
  core: DepthwiseCore,
  { layer, taps }: ReturnType<typeof repeatTaps>,
  packed: Packed,
): DepthwiseShape {
  const geometry = { core, taps, ...geometryOf(context) };
  const { batches, inHeight, inWidth, channels, outHeight } = geometry;
  const room = Math.min(PLANE.most, Math.max(PLANE.least, (batches * inHeight * inWidth * channels) / 16));
  // Two rows at least, so that both halves of a word are used.
  let rows = outHeight;
  while (rows > 2 && planeBytes(geometry, rows) > room) rows -= core.pairs ? 2 - (rows % 2) : 1;
  const kinds = (['fixed', 'exact'] as const).filter((kind) => packed.exact.includes(kind === 'fixed' ? 0 : 1));
  const flush = core.pairs ? [4, 3, 2].find((size) => groupsOfAllFit(layer, size))! : 1;
  const near = exactFraction(layer.channels.map(({ scale }) => scale));
  return {
    ...geometry,
    exactFraction: near,
    rows,
    flush,
    shift: packed.shift,
    fraction: packed.fraction,
    kinds,
    clamps: clamps(layer),
    ...{ low: layer.low, high: layer.high },
  };
}

/** Rows of outputs as the kernel sees them. */
export function outputRows(context: LowerContext): number {
  return geometryOf(context).outHeight;
}

/** Images that are one row high are taken as one column: planes have many rows then. */
function geometryOf(context: LowerContext) {
  const [batches, inHeight, inWidth, channels] = context.required(0).shape as [number, number, number, number];
  const [, outHeight, outWidth] = context.output(0).shape as [number, number, number];
  const window = windowOf(context, [inHeight, inWidth], context.required(1).shape.slice(2));
  const turned = inHeight === 1 && outHeight === 1 && window.kernel[0] === 1;
  const [h, w] = turned ? [1, 0] : [0, 1];
  const [ins, outs] = [
    [inHeight, inWidth],
    [outHeight, outWidth],
  ];
  return {
    ...{ batches, channels, inHeight: ins[h]!, inWidth: ins[w]!, outHeight: outs[h]!, outWidth: outs[w]! },
    ...{ kernelHeight: window.kernel[h]!, kernelWidth: window.kernel[w]! },
    ...{ strideHeight: window.strides[h]!, strideWidth: window.strides[w]! },
    ...{ dilationHeight: window.dilations[h]!, dilationWidth: window.dilations[w]! },
    ...{ padTop: window.pads[h]!, padLeft: window.pads[w]! },
  };
}

function buildCall(context: LowerContext, core: DepthwiseCore): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const repeated = repeatedLayer(context);
  const { layer } = repeated;
  const packed = pack(layer, core);
  const shape = shapeOf(context, core, repeated, packed);
  const generated = generateDepthwise(shape);
  const exactChannels = packed.exact.filter((kind) => kind === 1).length;
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: generated.assemblyStack,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      {
        kind: 'params',
        struct: 'nanoc_packed_depthwise_params',
        fields: {
          x_zero: { int: zeroOf(x) },
          y_zero: { int: layer.zeroPoint },
          low: { int: layer.low },
          high: { int: layer.high },
          weights: { constant: { suffix: 'weights', data: packed.words, role: 'weights', alignment: 4 } },
          exact:
            exactChannels === 0
              ? { text: 'NULL' }
              : { constant: { suffix: 'exact', data: packed.exact, role: 'parameters' } },
        },
      },
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: [overlapOf(x.name, y.name, shape)],
    macs: macsOf(y, shape.kernelHeight * shape.kernelWidth),
    remarks:
      exactChannels === 0
        ? []
        : [
            `${exactChannels} of ${packed.exact.length} channels are requantized by nanoc_packed_exact: no multiplier is exact`,
          ],
  };
}

/** A channel's rows under a plane are read before the plane's outputs are written; channels fall on the same channels. */
function overlapOf(input: string, output: string, shape: DepthwiseShape): Overlap {
  const { batches, inHeight, inWidth, outHeight, outWidth, channels, rows } = shape;
  const steps = Array.from({ length: batches }, (_, batch) =>
    Array.from({ length: Math.ceil(outHeight / rows) }, (__, chunk) => {
      const end = Math.min((chunk + 1) * rows, outHeight);
      const top = chunk * rows * shape.strideHeight - shape.padTop;
      const bottom = top + planeRows(shape, end - chunk * rows);
      const nothing = bottom <= 0 || top >= inHeight;
      return {
        readStart: nothing ? Number.POSITIVE_INFINITY : (batch * inHeight + Math.max(0, top)) * inWidth,
        writeEnd: (batch * outHeight + end) * outWidth,
      };
    }),
  ).flat();
  const lead = channels * leadOfSteps(steps, batches * inHeight * inWidth);
  return { input, output, lead, multiple: channels };
}
