/**
 * Instructions of the DSP kernels. The inner functions are counted line by line as their generators write them; what the C compiler
 * makes of the code around them was measured once, with arm-none-eabi-gcc 12 at the flags of targets/cortex-m4, and stands here as
 * numbers for a pair of pixels, a row or a group of channels. cost.test.ts compares with the simulator.
 */
import { type CostView, elements, type WindowSizes, windowSizes } from '../cost-view.js';
import { schedule } from './assembly.js';
import { groupStarts, paddedInner } from './stream.js';

type Formula = (view: CostView) => number | undefined;

/** By the start of the function's name. */
export const dspCosts: Readonly<Record<string, Formula>> = {
  nanoc_conv_dsp_: convCost,
  nanoc_matvec_dsp_: matvecCost,
  nanoc_depthwise_dsp_: depthwiseCost,
  nanoc_window_dsp_: windowCost,
};

/** Groups of `width` channels by requantization, from the segments of the stream: [exact, first channel, first word, end]. */
function groupsOf({ constant }: CostView, channels: number, width: 2 | 4): { fixed: number; exact: number } {
  const segments = [...((constant('segments') as Int32Array | undefined) ?? [])];
  const total = groupStarts(channels, width).length;
  const words = (wanted: number) =>
    segments.reduce((sum, kind, i) => (i % 4 === 0 && kind === wanted ? sum + segments[i + 3]! - segments[i + 2]! : sum), 0);
  const [fixedWords, exactWords] = [words(0), words(1)];
  // Exact groups have two words less: that is no matter for their share.
  const exact = exactWords === 0 ? 0 : Math.round((total * exactWords) / (fixedWords + exactWords));
  return { fixed: total - exact, exact };
}

/** A group of a product: its loop, and what stands around it; lines of `instructions()` in gemm.ts and matvec.ts. */
function groupCost(inner: number, step: number, halfStep: number, around: number, unroll: number): number {
  const { rounds } = schedule(Math.floor(inner / 8), unroll);
  const loop = rounds > 1 ? 2 + 3 * rounds : 0;
  return step * Math.floor(inner / 8) + (inner % 8 === 4 ? halfStep : 0) + around + loop;
}

function convCost(view: CostView): number | undefined {
  // Halfword weights (--optimize speed) have another inner loop.
  if (/16|half/.test(view.call.function.split('_').slice(2, 4).join('_'))) return undefined;
  const isConv = view.x.length === 4 && view.ints('kernel_shape').length === 2;
  const channels = view.y.at(-1)!;
  const pixels = elements(view.y) / channels;
  const sizes = isConv ? windowSizes(view) : undefined;
  const [rows, row] = sizes === undefined ? [1, view.x.at(-1)!] : [sizes.kernelHeight, sizes.kernelWidth * sizes.inChannels];
  const inner = paddedInner(rows * row);
  const { fixed, exact } = groupsOf(view, channels, 2);
  const products = fixed * groupCost(inner, 23, 12, 21, 8) + exact * groupCost(inner, 23, 12, 38, 2);
  // Two pixels: widening takes 8 instructions for four inputs of each.
  const widening = 2 * inner + (row % 4 === 0 ? 0 : rows * (12 + row));
  const rowCost = sizes !== undefined && sizes.borderPixels > 0 ? 25 : 12;
  const perPair = products + widening + rows * rowCost + 66;
  return Math.ceil(pixels / 2) * perPair + 100;
}

function matvecCost(view: CostView): number | undefined {
  const wide = /_wide_/.test(view.call.function);
  const shape = /^nanoc_matvec_dsp_(\d+)x(\d+)_/.exec(view.call.function);
  if (shape === null) return undefined;
  const [inner, columns] = [Number(shape[1]), Number(shape[2])];
  const { fixed, exact } = groupsOf(view, columns, 4);
  const [step, half] = wide ? [27, 15] : [31, 18];
  const products = fixed * groupCost(inner, step, half, 22, 5) + exact * groupCost(inner, step, half, 41, 2);
  return products + (wide ? 1.5 * inner : 0) + 80;
}

/** Groups of four channels that are requantized in float. */
function exactShare(view: CostView): number {
  const exact = view.constant('exact') as Int8Array | undefined;
  return exact === undefined ? 0 : [...exact].filter((kind) => kind !== 0).length / exact.length;
}

/** 3x3 at stride 1: two rows of four channels at a time. */
function depthwiseCost(view: CostView): number {
  const { batches, inWidth, outHeight, outWidth, outChannels } = windowSizes(view);
  const padding = outWidth <= 10 ? 2 + outWidth - Math.min(inWidth, outWidth + 2) : 0;
  // A column of the strip is two moves; an output twelve products' worth of four SMLADs a tap, start, requantization, stores.
  const finish = 6 + 8 * exactShare(view);
  const tile = 17 + 2 * (outWidth + 2 - padding) + 4 * (3 * outWidth - padding) + (1 + finish) * outWidth;
  const twoRows = 4 * tile + 8 + 12 * inWidth + 35;
  return batches * Math.ceil(outChannels / 4) * ((outHeight / 2) * twoRows + 300);
}

/** Any window: four channels of one pixel; windows at the border are copied first. */
function windowCost(view: CostView): number {
  const sizes: WindowSizes = windowSizes(view);
  const taps = sizes.kernelHeight * sizes.kernelWidth;
  const pairs = Math.ceil(taps / 2);
  const pixel = 16 * pairs + 11 + 9 * exactShare(view);
  const copies = sizes.borderPixels * 17 * taps;
  return Math.ceil(sizes.outChannels / 4) * (sizes.pixels * pixel + copies + 100 + 8 * pairs);
}
