/**
 * Instructions of the MVE kernels. The assembly is counted in its own text; what the C compiler makes of the code around it was measured
 * with arm-none-eabi-gcc 12 at the flags of targets/cortex-m55, and stands here for a call, a window or a row of taps.
 */
import { assemblyNamed, assemblyOf, executed, innerRounds } from '../assembly-count.js';
import { type CostView, elements, windowSizes } from '../cost-view.js';
import { innerOf, isDense, isDirect, slots } from './conv.js';
import { chunksOf, GEMM_UNROLL } from './gemm.js';
import { type Geometry, leaves } from './geometry.js';
import { MATVEC_UNROLL } from './matvec.js';
import { insideColumns, isNarrow } from './narrow.js';
import { outputs, PLANES_UNROLL, periodOf, upright } from './planes.js';
import { patchWidth, placed, starts, wholeRows } from './rows.js';

type Formula = (view: CostView) => number | undefined;

/** By the start of the function's name; longer names first. */
export const mveCosts: Readonly<Record<string, Formula>> = {
  nanoc_conv_rows_mve_: rowsCost,
  nanoc_conv_mve_: convCost,
  nanoc_matvec_mve_: matvecCost,
  nanoc_window_mve_: windowCost,
  nanoc_planes_mve_: planesCost,
  nanoc_cached_attention_mve_: attentionCost,
};

/** Around a call; a vector that is copied; a window at the border by the predicated copy. */
const GLUE = { call: 14, vector: 4, border: 40, borderRow: 8 };
/** A window that is copied and a row of it: where windows leave the image, and where none does. */
const COPY = { leaving: { window: 14, row: 11 }, inside: { window: 4, row: 6 } };

function geometryOf(view: CostView): Geometry {
  const s = windowSizes(view);
  const [strideHeight = 1, strideWidth = 1] = view.ints('strides');
  const [dilationHeight = 1, dilationWidth = 1] = view.ints('dilations');
  const [padTop = 0, padLeft = 0] = view.ints('pads');
  const { batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth } = s;
  return {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth },
    ...{ strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
  };
}

/** Rows of a matrix product are the pixels of a 1x1 convolution. */
function productGeometry(view: CostView): Geometry {
  if (view.x.length === 4 && view.ints('kernel_shape').length === 2) return geometryOf(view);
  const [inChannels, outChannels] = [view.x.at(-1)!, view.y.at(-1)!];
  const rows = elements(view.x) / inChannels;
  return {
    ...{ batches: 1, inHeight: 1, inWidth: rows, inChannels, outHeight: 1, outWidth: rows, outChannels },
    ...{ kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
    ...{ padTop: 0, padLeft: 0 },
  };
}

/** Copying the rows of a window, of so many bytes each. */
function copyCost(g: Geometry, bytes: number): number {
  const { window, row } = leaves(g) ? COPY.leaving : COPY.inside;
  const vectors = Math.ceil(bytes / 16);
  // More than four are a loop.
  return window + g.kernelHeight * (row + (vectors > 4 ? 2 : 1) * GLUE.vector * vectors);
}

function convCost(view: CostView): number {
  const g = productGeometry(view);
  const shape = {
    geometry: g,
    clamps: view.call.function.endsWith('_clamp'),
    zeros: view.call.function.includes('_zeros'),
  };
  const pixels = g.batches * g.outHeight * g.outWidth;
  const direct = isDirect(g);
  const calls = direct ? (isDense(g) ? 1 : g.batches * g.outHeight) : Math.ceil(pixels / slots(shape));
  // A last single pixel is a pair.
  const pairs = Math.ceil(pixels / 2) / calls;
  const rounds = {
    1: pairs,
    2: Math.ceil(g.outChannels / 4),
    3: innerRounds(chunksOf(innerOf(g)) - 1, GEMM_UNROLL),
    7: chunksOf(innerOf(g)),
  };
  const gemm = executed(assemblyNamed(view.call, /^nanoc_gemm_/), rounds);
  return calls * (gemm + GLUE.call) + (direct ? 0 : windowsCost(view, g, pixels)) + 30;
}

function windowsCost(view: CostView, g: Geometry, pixels: number): number {
  const bytes = g.kernelWidth * g.inChannels;
  if (!isNarrow(g)) return pixels * copyCost(g, bytes);
  const whole = g.batches * wholeRows(g) * insideColumns(g)[1];
  const gather = [...assemblyOf(view.call)].find(([name]) => name.endsWith('_gather'))?.[1];
  const runs = g.batches * wholeRows(g);
  const inside = gather === undefined || whole === 0 ? 0 : runs * (executed(gather, { 1: whole / runs }) + 20);
  const border = GLUE.border + GLUE.borderRow * g.kernelHeight;
  return inside + (leaves(g) ? (pixels - whole) * border : 0);
}

function rowsCost(view: CostView): number {
  const g = geometryOf(view);
  const patch = assemblyNamed(view.call, /^nanoc_rows_mve_/);
  const once = (patches: number) => executed(patch, { 1: patches, 2: g.outChannels / 2 }) + GLUE.call;
  const { count } = placed(g);
  const runs = count === 0 ? 0 : g.batches * wholeRows(g);
  const copied = g.batches * g.outHeight * starts(g).length - runs * count;
  const copy = copyCost(g, patchWidth(g) * g.inChannels) + 12;
  return runs * (count === 0 ? 0 : once(count)) + copied * (once(1) + copy) + 30;
}

function windowCost(view: CostView): number {
  return windowInstructions(geometryOf(view), view.call);
}

/** Also to choose by. @param generated the kernel's sources */
export function windowInstructions(g: Geometry, generated: Parameters<typeof assemblyNamed>[0]): number {
  const taps = assemblyNamed(generated, /^nanoc_taps_mve_/);
  const once = (pixels: number) => executed(taps, { 1: pixels, 2: Math.ceil(g.inChannels / 16) }) + GLUE.call;
  const count = insideColumns(g)[1];
  const runs = count === 0 ? 0 : g.batches * wholeRows(g);
  const copied = g.batches * g.outHeight * g.outWidth - runs * count;
  const copy = copyCost(g, g.kernelWidth * g.inChannels) + 12;
  return runs * (count === 0 ? 0 : once(count)) + copied * (once(1) + copy) + 30;
}

function planesCost(view: CostView): number {
  const g = upright(geometryOf(view));
  const image = assemblyNamed(view.call, /_image$/);
  const eights = Math.floor((g.inHeight * g.inWidth) / 8);
  const rounds = {
    1: g.inChannels,
    2: eights > PLANES_UNROLL ? Math.floor(eights / PLANES_UNROLL) : 1,
    3: Math.max(1, Math.floor(Math.floor(outputs(g) / 8) / periodOf(g))),
  };
  return g.batches * (executed(image, rounds) + GLUE.call) + 40;
}

function matvecCost(view: CostView): number {
  const shape = /^nanoc_matvec_mve_(\d+)x(\d+)/.exec(view.call.function)!;
  const [inner, channels] = [Number(shape[1]), Number(shape[2])];
  const whole = Math.floor(inner / 16);
  const rounds = { 1: Math.floor(channels / 8), 3: innerRounds(whole, MATVEC_UNROLL), 7: whole };
  const [first] = [...assemblyOf(view.call).values()];
  return executed(first!, rounds) + 10;
}

/** Around a query, and around all. */
const ATTENTION = { query: 26, call: 50 };

/** Of a full cache: work grows with the position. */
function attentionCost(view: CostView): number {
  const [heads, group, dim] = view.x as [number, number, number];
  // A byte of scratch for each position.
  const positions = view.call.scratch!.bytes;
  const part = (name: string, rounds: Parameters<typeof executed>[1]) =>
    executed(assemblyNamed(view.call, new RegExp(`_${name}$`)), rounds);
  const query =
    part('scores', { 1: Math.max(1, Math.floor(positions / 8)) }) +
    part('weights', { 1: Math.floor(positions / 4), 4: Math.ceil(positions / 4) }) +
    part('values', { 1: Math.ceil(positions / 8), 2: Math.floor(dim / 4) });
  return heads * group * (query + ATTENTION.query) + ATTENTION.call;
}
