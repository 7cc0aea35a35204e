/**
 * Instructions of the portable kernels, which are what the C compiler makes of them: the form of each formula follows the loops of
 * the source, its numbers were fitted to measurements on the core with arm-none-eabi-gcc 12 and riscv64-unknown-elf-gcc 12 at the flags of the target.
 */
import { type CostView, elements, windowSizes } from './cost-view.js';

/** Instructions for one of each. */
export interface PortableNumbers {
  /** nanoc_two_rows_s8: two pixels by four channels, per input and around; gathering a tap of a window, and each of its channels. */
  readonly pair: { readonly input: number; readonly around: number; readonly tap: number; readonly channel: number };
  /** nanoc_one_row_s8, four channels of one row: per input and around. */
  readonly row: { readonly input: number; readonly around: number };
  /**
   * nanoc_depthwise_s8, four channels: per strip, row read into the ring, row of the kernel for each output row, output pixel, and tap of a
   * kernel's row behind the fourth; of the one window of a column, which lies down, per tap and around.
   */
  readonly depthwise: {
    readonly strip: number;
    readonly inputRow: number;
    readonly kernelRow: number;
    readonly pixel: number;
    readonly tap: number;
    readonly column: { readonly around: number; readonly tap: number };
  };
  /** nanoc_average_all_s8, per input and channel. */
  readonly averageAll: { readonly input: number; readonly channel: number };
  /** nanoc_max_pool_s8: per output pixel; and for four of its channels around, per row of the window and per tap. */
  readonly maxPool: { readonly pixel: number; readonly around: number; readonly row: number; readonly tap: number };
  /** nanoc_add_s8 and nanoc_add_near_s8, per output; absent where the number of slow pairs decides. */
  readonly add?: { readonly exact: number; readonly near: number };
}

/** By target; Cortex-M7 and M33 run the code of the M4. */
const m4: PortableNumbers = {
  pair: { input: 17.1, around: 285, tap: 35, channel: 4 },
  row: { input: 10, around: 134 },
  depthwise: { strip: 0, inputRow: 56, kernelRow: 33.6, pixel: 267, tap: 16.6, column: { around: 367, tap: 20.6 } },
  averageAll: { input: 1.51, channel: 36 },
  maxPool: { pixel: 68.7, around: 17, row: 8.9, tap: 7.2 },
  add: { exact: 8.5, near: 17.2 },
};

export const portableNumbers: Readonly<Record<string, PortableNumbers>> = {
  'cortex-m4': m4,
  'cortex-m7': m4,
  'cortex-m33': m4,
  'cortex-m3': {
    pair: { input: 16.4, around: 494, tap: 35, channel: 5 },
    row: { input: 10, around: 252 },
    depthwise: {
      strip: 112,
      inputRow: 47.5,
      kernelRow: 35.3,
      pixel: 363,
      tap: 17.3,
      column: { around: 460, tap: 20.8 },
    },
    averageAll: { input: 2.74, channel: 56 },
    maxPool: { pixel: 69.9, around: 23.7, row: 7.5, tap: 20.1 },
  },
  'cortex-m0': {
    pair: { input: 40.4, around: 1125, tap: 50, channel: 8 },
    row: { input: 19.5, around: 572 },
    depthwise: { strip: 0, inputRow: 97.4, kernelRow: 65.4, pixel: 782, tap: 40.5, column: { around: 874, tap: 55 } },
    averageAll: { input: 4, channel: 137 },
    maxPool: { pixel: 100, around: 38.8, row: 17.9, tap: 20 },
  },
  rv32imc: {
    pair: { input: 26.8, around: 557, tap: 48, channel: 3.3 },
    row: { input: 13.75, around: 290 },
    depthwise: { strip: 0, inputRow: 66, kernelRow: 29, pixel: 388, tap: 24, column: { around: 496, tap: 29.6 } },
    averageAll: { input: 2.75, channel: 71 },
    maxPool: { pixel: 48.4, around: 24.3, row: 8.2, tap: 10.9 },
    add: { exact: 11.5, near: 16.5 },
  },
};

type Formula = (view: CostView, numbers: PortableNumbers) => number | undefined;

/** By the function's name. */
export const portableCosts: Readonly<Record<string, Formula>> = {
  nanoc_conv_s8: convCost,
  nanoc_matmul_s8: matmulCost,
  nanoc_fully_connected_s8: ({ x, y }, { row }) =>
    (elements(y) / 4) * (row.input * (elements(x) / (elements(y) / y.at(-1)!)) + row.around),
  nanoc_depthwise_s8: depthwiseCost,
  nanoc_average_all_s8: ({ x, y }, { averageAll }) => averageAll.input * elements(x) + averageAll.channel * elements(y),
  nanoc_max_pool_s8: maxPoolCost,
  nanoc_add_s8: ({ y }, { add }) => (add === undefined ? undefined : add.exact * elements(y)),
  nanoc_add_near_s8: ({ y }, { add }) => (add === undefined ? undefined : add.near * elements(y)),
};

function maxPoolCost(view: CostView, { maxPool }: PortableNumbers): number {
  const { batches, outHeight, outWidth, outChannels, kernelHeight, kernelWidth } = windowSizes(view);
  const four = maxPool.around + kernelHeight * (maxPool.row + maxPool.tap * kernelWidth);
  return batches * outHeight * outWidth * (maxPool.pixel + Math.ceil(outChannels / 4) * four);
}

/** Windows of two pixels are gathered, then multiplied with four channels at a time. */
function convCost(view: CostView, { pair }: PortableNumbers): number | undefined {
  const { pixels, kernelHeight, kernelWidth, inChannels, outChannels } = windowSizes(view);
  // Grouped convolutions gather for each group.
  if (view.call.macs / (pixels * outChannels) !== kernelHeight * kernelWidth * inChannels) return undefined;
  const taps = kernelHeight * kernelWidth;
  const products = (outChannels / 4) * (pair.input * taps * inChannels + pair.around);
  return (pixels / 2) * (products + 2 * taps * (pair.tap + pair.channel * inChannels));
}

function matmulCost({ call, y }: CostView, { pair }: PortableNumbers): number {
  const columns = y.at(-1)!;
  const rows = elements(y) / columns;
  return (Math.ceil(rows / 2) * columns * (pair.input * (call.macs / elements(y)) + pair.around)) / 4;
}

/** Strips of four channels, row by row through a ring of input rows; the taps of a pixel are the smaller part. */
function depthwiseCost(view: CostView, { depthwise }: PortableNumbers): number | undefined {
  const { batches, outHeight, outWidth, outChannels, kernelHeight, kernelWidth } = windowSizes(view);
  const strips = batches * Math.ceil(outChannels / 4);
  const isLying = view.int('kernel_w') !== kernelWidth;
  if (isLying) return strips * (depthwise.column.around + depthwise.column.tap * kernelHeight);
  // Fitted to windows of up to fifteen taps.
  if (kernelHeight * kernelWidth > 15) return undefined;
  const inputRows = (outHeight - 1) * (view.ints('strides')[0] ?? 1) + kernelHeight;
  const pixel = depthwise.pixel + depthwise.tap * kernelHeight * Math.max(kernelWidth - 4, 0);
  const outputRow = depthwise.kernelRow * kernelHeight + pixel * outWidth;
  const strip = depthwise.strip + inputRows * depthwise.inputRow + outHeight * outputRow;
  return strips * strip;
}
