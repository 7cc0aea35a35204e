/**
 * Instructions of the DSP kernels. The inner functions are counted line by line as their generators write them; what the C compiler
 * makes of the code around them was measured once, with arm-none-eabi-gcc 12 at the flags of targets/cortex-m4, and stands here as
 * numbers for a pair of pixels, a row or a group of channels. cost.test.ts compares with the simulator.
 */
import { type CostView, elements, productSizes, type WindowSizes, windowSizes } from '../cost-view.js';
import { repeatsIn } from '../repeated-taps.js';
import { schedule } from './assembly.js';
import { groupStarts, paddedInner } from './stream.js';
import { type PanelShape, panelCost, panelOf } from './window-panel.js';

type Formula = (view: CostView) => number | undefined;

/** By the start of the function's name. */
export const dspCosts: Readonly<Record<string, Formula>> = {
  nanoc_conv_dsp_: (view) => convCost(view, gemmOfBytes),
  nanoc_conv16_dsp_: (view) => convCost(view, gemmOfHalfwords),
  nanoc_matvec_dsp_: (view) => matvecCost(view, false),
  nanoc_matvec16_dsp_: (view) => matvecCost(view, true),
  nanoc_conv_any_dsp: anyCost,
  nanoc_matvec_any_dsp: (view) => anyRowCost(view, { group: 44, eight: 34, four: 17 }),
  nanoc_matvec_unbiased_dsp: (view) => anyRowCost(view, { group: 47, eight: 35, four: 18 }),
  nanoc_depthwise_dsp_: depthwiseCost,
  nanoc_depthwise16_dsp_: depthwiseCost,
  nanoc_window_dsp_: windowCost,
  nanoc_mul_dsp_s8: productCost,
  nanoc_matmul_dynamic_dsp_s8: dynamicCost,
};

/** Groups of `width` channels by requantization, from the segments of the stream: [exact, first channel, first word, end]. */
function groupsOf({ constant }: CostView, channels: number, width: 2 | 4): { fixed: number; exact: number } {
  const segments = [...((constant('segments') as Int32Array | undefined) ?? [])];
  const total = groupStarts(channels, width).length;
  const words = (wanted: number) =>
    segments.reduce(
      (sum, kind, i) => (i % 4 === 0 && kind === wanted ? sum + segments[i + 3]! - segments[i + 2]! : sum),
      0,
    );
  const [fixedWords, exactWords] = [words(0), words(1)];
  // Exact groups have two words less: that is no matter for their share.
  const exact = exactWords === 0 ? 0 : Math.round((total * exactWords) / (fixedWords + exactWords));
  return { fixed: total - exact, exact };
}

/** A group of channels of a product, in lines of `instructions()` in gemm.ts or matvec.ts. */
interface Lines {
  /** Eight inputs, and four. */
  readonly step: number;
  readonly halfStep: number;
  /** What stands around the loop. */
  readonly around: number;
  /** Steps that are written out before there is a loop. */
  readonly unroll: number;
}

interface Gemm {
  readonly fixed: Lines;
  readonly exact: Lines;
}

const bytes = { step: 23, halfStep: 12 };
const gemmOfBytes: Gemm = { fixed: { ...bytes, around: 21, unroll: 8 }, exact: { ...bytes, around: 38, unroll: 2 } };
const halfwordLines = { step: 20, halfStep: 10 };
const gemmOfHalfwords: Gemm = {
  fixed: { ...halfwordLines, around: 19, unroll: 18 },
  exact: { ...halfwordLines, around: 36, unroll: 8 },
};

function groupCost(inner: number, { step, halfStep, around, unroll }: Lines): number {
  const { rounds } = schedule(Math.floor(inner / 8), unroll);
  const loop = rounds > 1 ? 2 + 3 * rounds : 0;
  return step * Math.floor(inner / 8) + (inner % 8 === 4 ? halfStep : 0) + around + loop;
}

function convCost(view: CostView, gemm: Gemm): number | undefined {
  const { channels, pixels, rows, row, sizes } = productSizes(view);
  const inner = paddedInner(rows * row);
  const { fixed, exact } = groupsOf(view, channels, 2);
  const products = fixed * groupCost(inner, gemm.fixed) + exact * groupCost(inner, gemm.exact);
  // Two pixels: widening takes 8 instructions for four inputs of each.
  const widening = 2 * inner + (row % 4 === 0 ? 0 : rows * (12 + row));
  // Windows that leave the image are put together pixel by pixel; whether one does is asked of every pair.
  const leaves = sizes !== undefined && sizes.borderPixels > 0;
  const border = leaves ? (2 * sizes.borderPixels) / pixels : 0;
  const perPair = products + widening + rows * (12 + 10 * border) + (leaves ? 16 : 0) + 66;
  return Math.ceil(pixels / 2) * perPair + 100 + clampCost(view, 8);
}

/** Lines as those of `Gemm`: weights as bytes or as halfwords, inputs widened in the loop or before it. */
function matvecCost(view: CostView, halfwords: boolean): number | undefined {
  const wide = /_wide_/.test(view.call.function);
  const shape = /^nanoc_matvec(?:16)?_dsp_(\d+)x(\d+)_/.exec(view.call.function);
  if (shape === null) return undefined;
  const [inner, columns] = [Number(shape[1]), Number(shape[2])];
  const { fixed, exact } = groupsOf(view, columns, 4);
  const widens = wide ? { step: 1, halfStep: 1 } : { step: 5, halfStep: 3 };
  const weights = halfwords ? { step: 20, halfStep: 10 } : { step: 26, halfStep: 14 };
  const lines = { step: widens.step + weights.step, halfStep: widens.halfStep + weights.halfStep };
  const around = halfwords ? { fixed: 20, exact: 39 } : { fixed: 22, exact: 41 };
  const unroll = halfwords ? { fixed: 16, exact: 8 } : { fixed: 5, exact: 2 };
  const products =
    fixed * groupCost(inner, { ...lines, around: around.fixed, unroll: unroll.fixed }) +
    exact * groupCost(inner, { ...lines, around: around.exact, unroll: unroll.exact });
  return products + (wide ? 1.5 * inner : 0) + 80;
}

/** Line by line of nanoc_dot_any_dsp.c and nanoc_dot_unbiased_dsp.c: a group of channels, and eight inputs of it, or four. */
function anyRowCost(view: CostView, lines: { group: number; eight: number; four: number }): number {
  const { channels, rows, row } = productSizes(view);
  const inner = rows * row;
  const group = lines.group + lines.eight * Math.floor(inner / 8) + (inner % 8 === 4 ? lines.four : 0);
  const clamp = view.ints('clamp').length > 0 ? 8 * channels : 0;
  return group * groupStarts(channels, 4).length + clamp + 60;
}

/** Bytes that are clamped behind the kernel, where the activation has bounds of its own; by the C compiler's loop. */
function clampCost({ call, y }: CostView, each: number): number {
  return call.function.endsWith('_clamp') ? each * elements(y) : 0;
}

/** Groups of four channels that are requantized in float. */
function exactShare(view: CostView): number {
  const exact = view.constant('exact') as Int8Array | undefined;
  return exact === undefined ? 0 : [...exact].filter((kind) => kind !== 0).length / exact.length;
}

/** 3x3 at stride 1: two rows of four channels at a time. */
function depthwiseCost(view: CostView): number {
  const fast = view.call.function.includes('depthwise16');
  return depthwiseInstructions(windowSizes(view), exactShare(view), fast) + clampCost(view, 12);
}

type DepthwiseSizes = Pick<WindowSizes, 'batches' | 'inWidth' | 'outHeight' | 'outWidth' | 'outChannels'>;

/**
 * Also where MVE has another way.
 * @param exact share of the groups of channels that are requantized in float
 * @param fast for speed: both pairs of rows in one strip, weights as they are used
 */
export function depthwiseInstructions(sizes: DepthwiseSizes, exact: number, fast = false): number {
  const { batches, inWidth, outHeight, outWidth, outChannels } = sizes;
  const padding = outWidth <= 10 ? 2 + outWidth - Math.min(inWidth, outWidth + 2) : 0;
  // A column of the strip is one or two moves; an output twelve products' worth of four SMLADs a tap, start, requantization, stores.
  const finish = 6 + 8 * exact;
  // Wider rows are several strips, whose pointers skip the other columns.
  const strips = Math.ceil(outWidth / 10);
  const columns = (fast ? 1 : 2) * (outWidth + 2 * strips - padding);
  const loads = fast ? 11 * strips : 15 * strips + (strips > 1 ? 2 * strips : 0);
  const tile = loads + columns + 4 * (3 * outWidth - padding) + (1 + finish) * outWidth;
  const twoRows = 4 * tile + 8 + 12 * inWidth + 35 + 80 * (strips - 1);
  return batches * Math.ceil(outChannels / 4) * ((outHeight / 2) * twoRows + (fast ? 120 : 240));
}

/** For size, convolutions of any shape: a pixel, a row and four inputs of its window's copy; two pixels and two channels, four of their inputs. */
const ANY = { pixel: 99, row: 46.5, quad: 8.5, pair: 43, pairQuad: 15, clamp: 9.7 };

function anyCost(view: CostView): number {
  const { int } = view;
  const [channels, quads] = [int('out_c'), int('inner') / 4];
  const pixels = int('batches') * int('out_h') * int('out_w');
  const copies = pixels * (ANY.pixel + ANY.row * int('kernel_h') + ANY.quad * quads);
  const products = Math.ceil(pixels / 2) * Math.ceil(channels / 2) * (ANY.pair + ANY.pairQuad * quads);
  const clamped = int('layer.low') > -128 || int('layer.high') < 127 ? ANY.clamp * pixels * channels : 0;
  return copies + products + clamped;
}

/** Any window: four channels of one pixel; windows at the border are copied first. */
function windowCost(view: CostView): number {
  const sizes: WindowSizes = windowSizes(view);
  const taps = sizes.kernelHeight * sizes.kernelWidth;
  const pairs = Math.ceil((taps + repeatsIn(view.call.function)) / 2);
  const pixel = 12 * pairs + 25 + exactShare(view);
  const panel = panelOf(panelShape(view, sizes));
  const copies =
    panel === undefined
      ? sizes.borderPixels * Math.max(0, 17.5 * taps - 9)
      : sizes.batches * (panelCost(sizes, panel) + 30 * sizes.outHeight);
  return Math.ceil(sizes.outChannels / 4) * (sizes.pixels * pixel + copies + 200) + clampCost(view, 12);
}

/** Rows of fours and a rest, after the numbers of `nanoc_broadcast`. */
function productCost({ int }: CostView): number {
  const count = int('shape.count');
  return int('shape.rows') * (48 + 24 * Math.floor(count / 4) + 17 * (count % 4));
}

/** Blocks of four columns are packed, then multiplied with every row. */
function dynamicCost(view: CostView): number {
  const [batches, rows, inner, columns] = ['batches', 'rows', 'inner', 'columns'].map((name) => view.int(name)) as [
    number,
    number,
    number,
    number,
  ];
  const fours = Math.floor(inner / 4);
  const rest = inner % 4 === 0 ? 0 : 1;
  const row = 44 + 13 * (fours + rest) + 2 * Math.ceil(fours / 2) + rest;
  const packing = 180 + 62 * fours + 330 * rest;
  const clamped = view.int('output.low') > -128 || view.int('output.high') < 127 ? 12 * elements(view.y) : 0;
  return batches * Math.ceil(columns / 4) * (packing + rows * row) + clamped;
}

function panelShape({ ints }: CostView, sizes: WindowSizes): PanelShape {
  const [strideHeight = 1, strideWidth = 1] = ints('strides');
  const [dilationHeight = 1, dilationWidth = 1] = ints('dilations');
  const [padTop = 0, padLeft = 0] = ints('pads');
  return {
    ...sizes,
    ...{ strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft, pads: sizes.borderPixels > 0 },
  };
}
