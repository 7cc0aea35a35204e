/**
 * Instructions of the kernels for int16 activations (nanoc/dsp_s16.h, nanoc/mve_s16.h): the assembly counted by lines, what the C compiler
 * makes of the code around it as measured.
 */
import { type CostView, productSizes, windowSizes } from './cost-view.js';

export const halfwordCosts: Readonly<Record<string, (view: CostView) => number>> = {
  nanoc_conv_dsp_s16: (view) => convCost(view, dspProduct),
  nanoc_conv_mve_s16: (view) => convCost(view, mveProduct),
  nanoc_depthwise_dsp_s16: (view) => depthwiseCost(view, dspWindows),
  nanoc_depthwise_mve_s16: (view) => depthwiseCost(view, mveWindows),
};

interface Product {
  /** All channels of two pixels. */
  pair(inner: number, channels: number): number;
  /** A pixel, its window not counted. */
  readonly pixel: number;
  /** So many neighbouring inputs of a window are copied; set to the zero point where they lie outside. */
  segment(count: number): number;
  outside(count: number): number;
}

const dspProduct: Product = {
  pair: (inner, channels) => {
    const groups = Math.ceil(inner / 4);
    const two = 50 + 14 * groups + 2 * Math.ceil(groups / 2);
    return Math.ceil(channels / 2) * two + (channels % 2 === 0 ? 37 : 74);
  },
  pixel: 55,
  segment: (count) => (count % 4 === 0 ? 7.5 * (count / 4) : 2 * count + 45) + 25,
  outside: (count) => 1.5 * count,
};

const mveProduct: Product = {
  pair: (inner, channels) => Math.ceil(channels / 4) * (38 + 16 * Math.ceil(inner / 8)) + 24,
  pixel: 46,
  segment: (count) => 4 * Math.floor(count / 8) + (count % 8 === 0 ? 20 : 27),
  outside: (count) => 2 * count,
};

function convCost(view: CostView, { pair, pixel, segment, outside }: Product): number {
  const { channels, pixels, rows, row, sizes } = productSizes(view);
  const kernelWidth = sizes?.kernelWidth ?? 1;
  const isDilated = (view.ints('dilations')[1] ?? 1) > 1;
  const byTap = rows * kernelWidth * (segment(row / kernelWidth) + 8);
  const inside = isDilated ? byTap : rows * segment(row);
  const border = sizes?.borderPixels ?? 0;
  const gathered = (pixels - border) * inside + border * (0.75 * byTap + outside(rows * row));
  return Math.ceil(pixels / 2) * pair(rows * row, channels) + gathered + pixels * pixel;
}

interface Windows {
  /** Channels of a group; a tap, a row of taps, and what is around them. */
  readonly channels: number;
  readonly tap: number;
  readonly row: number;
  readonly group: number;
  /** A pixel; where its last channels are a group that takes some again. */
  readonly pixel: number;
  readonly rest: number;
  /** Starts of a group without the taps outside: a tap, a row, and what is around them. */
  readonly start: { readonly tap: number; readonly row: number; readonly group: number };
}

const dspWindows: Windows = {
  ...{ channels: 4, tap: 11, row: 8, group: 57, pixel: 98, rest: 30 },
  start: { tap: 9, row: 5, group: 60 },
};
const mveWindows: Windows = {
  ...{ channels: 8, tap: 9, row: 8, group: 36, pixel: 115, rest: 0 },
  start: { tap: 9, row: 6, group: 60 },
};

/** Of a window that leaves the image, the taps inside. */
function depthwiseCost(view: CostView, n: Windows): number {
  const { batches, inHeight, inWidth, outHeight, outWidth, outChannels, kernelHeight, kernelWidth } = windowSizes(view);
  const rows = partsOf(view, 0, outHeight, kernelHeight, inHeight);
  const columns = partsOf(view, 1, outWidth, kernelWidth, inWidth);
  const total = (parts: readonly Part[]) => parts.reduce((sum, { inside }) => sum + inside, 0);
  const pixels = batches * outHeight * outWidth;
  const taps = batches * total(rows) * (n.tap * total(columns) + n.row * outWidth) + n.group * pixels;
  const corrected = view.int('x_zero') === 0 ? 0 : batches * correctedPixels(rows, columns, kernelHeight, kernelWidth);
  const start = n.start.group + kernelHeight * (n.start.row + n.start.tap * kernelWidth);
  const pixel = n.pixel + (outChannels % n.channels === 0 ? 0 : n.rest);
  return Math.ceil(outChannels / n.channels) * (taps + corrected * start) + pixels * pixel;
}

/** Taps of a window along one axis that lie before the image and in it. */
interface Part {
  readonly before: number;
  readonly inside: number;
}

function partsOf(view: CostView, axis: number, out: number, kernel: number, size: number): readonly Part[] {
  const [pad, stride, dilation] = [
    view.ints('pads')[axis] ?? 0,
    view.ints('strides')[axis] ?? 1,
    view.ints('dilations')[axis] ?? 1,
  ];
  return Array.from({ length: out }, (_, i) => {
    const taps = Array.from({ length: kernel }, (_, k) => i * stride - pad + k * dilation);
    return { before: taps.filter((at) => at < 0).length, inside: taps.filter((at) => at >= 0 && at < size).length };
  });
}

/** Pixels whose starts are computed: the kernel keeps those of the last window on each side. */
function correctedPixels(rows: readonly Part[], columns: readonly Part[], height: number, width: number): number {
  const kept = ['', ''];
  let count = 0;
  for (const row of rows) {
    columns.forEach((column, ox) => {
      const side = 2 * ox < columns.length ? 0 : 1;
      const key = [row.before, row.inside, column.before, column.inside].join();
      if ((row.inside === height && column.inside === width) || kept[side] === key) return;
      kept[side] = key;
      count += 1;
    });
  }
  return count;
}
