/**
 * Instructions of the depthwise kernels whose plane has a byte a pixel. 3x3 at stride 1 is assembly and counted in its own text; the rest
 * is what the C compiler makes of the generated loops, measured at the flags of the targets.
 */
import { assemblyOf, executed } from '../assembly-count.js';
import { type CostView, windowSizes } from '../cost-view.js';
import { repeatsIn } from '../repeated-taps.js';
import { LONGEST_ROW, rowsAtOnce } from './depthwise.js';

/** Instructions for one of each. */
export interface PlaneNumbers {
  readonly channel: number;
  /** A row of the plane, and one of a single column. */
  readonly row: number;
  readonly columnRow: number;
  /** Where a plane serves the whole image and only rows inside are copied: a turn of the loop, which is several rows. */
  readonly turn?: number;
  /** A pixel that is copied by a line of its own, or in a loop. */
  readonly copied: number;
  readonly looped: number;
  /** An output, each of its taps, and what an exact one takes beyond that. */
  readonly output: number;
  readonly tap: number;
  readonly exact: number;
  /** A byte that is clamped at the end. */
  readonly clamp: number;
  /** Lines of the assembly that an output seldom executes: those that set it to a bound. */
  readonly clampedLines: number;
  /** Outputs of a strip of the assembly, at most. */
  longest(channels: number): number;
}

export function depthwiseCost(view: CostView, numbers: PlaneNumbers): number {
  const sizes = windowSizes(view);
  const { batches, outChannels, kernelHeight, kernelWidth } = sizes;
  // Images of one row are taken as one column.
  const turned = sizes.inHeight === 1 && sizes.outHeight === 1 && kernelHeight === 1;
  const [strides, dilations] = [view.ints('strides'), view.ints('dilations')];
  const axis = (i: 0 | 1) => (turned ? 1 - i : i);
  const inWidth = turned ? 1 : sizes.inWidth;
  const [outHeight, outWidth] = turned ? [sizes.outWidth, 1] : [sizes.outHeight, sizes.outWidth];
  const kernel = [kernelHeight, kernelWidth];
  const span = (i: 0 | 1) => (kernel[axis(i)]! - 1) * (dilations[axis(i)] ?? 1) + 1;
  const stride = (i: 0 | 1) => strides[axis(i)] ?? 1;
  const rows = Number(/_r(\d+)_/.exec(view.call.function)?.[1]);
  const chunks = Math.ceil(outHeight / rows);
  const planeRows = chunks * ((outHeight / chunks - 1) * stride(0) + span(0));
  const copied = Math.min(inWidth, (outWidth - 1) * stride(1) + span(1));
  const kinds = view.constant('exact') as Int8Array | undefined;
  const exact = kinds === undefined ? 0 : kinds.filter((kind) => kind !== 0).length / kinds.length;
  // Loops over one column are none.
  const row = outWidth === 1 && span(1) === 1 ? numbers.columnRow : numbers.row;
  const pixels = (copied > LONGEST_ROW ? numbers.looped : numbers.copied) * copied;
  const inside = numbers.turn !== undefined && chunks === 1;
  const overhead = inside ? numbers.turn! / rowsAtOnce(copied) : row;
  const gathered = inside ? Math.min(planeRows, turned ? sizes.inWidth : sizes.inHeight) : planeRows;
  const gather = chunks * numbers.channel + gathered * (overhead + pixels);
  const taps = kernelHeight * kernelWidth + repeatsIn(view.call.function);
  const tail = numbers.output + numbers.exact * exact;
  const output = numbers.tap * taps + tail;
  const inLoops = outHeight * outWidth * output;
  const rotating = [...assemblyOf(view.call)].find(([name]) => name.endsWith('_rows'))?.[1];
  const window = [...assemblyOf(view.call)].find(([name]) => name.endsWith('_window'))?.[1];
  const strips = Math.ceil(outWidth / numbers.longest(outChannels));
  const seldom = (numbers.clampedLines * outHeight * outWidth) / (chunks * strips);
  const assembly =
    rotating === undefined ? 0 : chunks * strips * (executed(rotating, { 1: outHeight / chunks }) + 8 - seldom);
  const perRow = window === undefined ? 0 : executed(window, { 1: outHeight / chunks, 2: outWidth });
  const inWindows = chunks * (perRow + 8) - numbers.clampedLines * outHeight * outWidth;
  const fixed = rotating !== undefined ? assembly : window !== undefined ? inWindows : inLoops;
  const products = fixed * (1 - exact) + inLoops * exact;
  const clamped = view.call.function.endsWith('_clamp') ? numbers.clamp * outHeight * outWidth : 0;
  return batches * outChannels * (gather + products + clamped) + 100;
}
