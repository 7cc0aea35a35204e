/** Instructions of the kernels of nanoc/dsp_s16.h: the assembly counted by lines, what the C compiler makes of the code around it as measured. */
import { type CostView, productSizes, windowSizes } from '../cost-view.js';
import { paddedInner } from './stream.js';

export const halfwordCosts: Readonly<Record<string, (view: CostView) => number>> = {
  nanoc_conv_dsp_s16: convCost,
  nanoc_depthwise_dsp_s16: depthwiseCost,
};

function convCost(view: CostView): number {
  const { channels, pixels, rows, row, sizes } = productSizes(view);
  const inner = rows * row;
  const groups = paddedInner(inner) / 4;
  const pair = 50 + 14 * groups + 2 * Math.ceil(groups / 2);
  const gemm = Math.ceil(channels / 2) * pair + (channels % 2 === 0 ? 37 : 74);
  // Rows of the window that are whole groups are copied by groups of four halfwords.
  const dilated = (view.ints('dilations')[1] ?? 1) > 1;
  const segment = (count: number) => (count % 4 === 0 ? 7.5 * (count / 4) : 2 * count + 45) + 25;
  const kernelWidth = sizes?.kernelWidth ?? 1;
  const bySegment = rows * segment(row);
  const byTap = rows * kernelWidth * (segment(row / kernelWidth) + 8);
  const border = sizes?.borderPixels ?? 0;
  const gathered = (pixels - border) * (dilated ? byTap : bySegment) + border * (byTap * 0.75 + 6 * groups);
  return Math.ceil(pixels / 2) * gemm + gathered + pixels * 55;
}

/** Four channels at a time; of a window that leaves the image, the taps inside. */
function depthwiseCost(view: CostView): number {
  const { batches, inHeight, inWidth, outHeight, outWidth, outChannels, kernelHeight, kernelWidth } = windowSizes(view);
  const parts = (axis: number, out: number, kernel: number, size: number) => {
    const [start, step, dilation] = [
      -(view.ints('pads')[axis] ?? 0),
      view.ints('strides')[axis] ?? 1,
      view.ints('dilations')[axis] ?? 1,
    ];
    return Array.from({ length: out }, (_, i) => {
      const taps = Array.from({ length: kernel }, (_, k) => start + i * step + k * dilation);
      return { before: taps.filter((at) => at < 0).length, inside: taps.filter((at) => at >= 0 && at < size).length };
    });
  };
  const rows = parts(0, outHeight, kernelHeight, inHeight);
  const columns = parts(1, outWidth, kernelWidth, inWidth);
  const total = (list: readonly { inside: number }[]) => list.reduce((sum, { inside }) => sum + inside, 0);
  const pixels = batches * outHeight * outWidth;
  const taps = 11 * batches * total(rows) * total(columns) + 8 * batches * total(rows) * outWidth + 57 * pixels;
  // As the kernel keeps the starts of a window on each side.
  const kept = ['', ''];
  let corrected = 0;
  for (const row of view.int('x_zero') === 0 ? [] : rows) {
    columns.forEach((column, ox) => {
      const side = 2 * ox < outWidth ? 0 : 1;
      const key = [row.before, row.inside, column.before, column.inside].join();
      if ((row.inside === kernelHeight && column.inside === kernelWidth) || kept[side] === key) return;
      kept[side] = key;
      corrected += 1;
    });
  }
  const groups = Math.ceil(outChannels / 4);
  const correction = corrected * batches * (60 + 9 * kernelHeight * kernelWidth + 5 * kernelHeight);
  return groups * (taps + correction) + pixels * (98 + (outChannels % 4 === 0 ? 0 : 30));
}
