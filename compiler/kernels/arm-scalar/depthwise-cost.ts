/**
 * Instructions of the depthwise kernel of Armv7-M. 3x3 at stride 1 is assembly and counted in its own text; the rest is what the C compiler
 * makes of the generated loops, measured with arm-none-eabi-gcc 12 at the flags of the targets: for a row and a pixel of the plane, an
 * output and each of its taps.
 */
import { assemblyOf, executed } from '../assembly-count.js';
import { type CostView, windowSizes } from '../cost-view.js';
import { LONGEST_ROW } from '../packed/depthwise.js';

/** For a channel of a plane, a row of it (of one column), a pixel that is copied by a line of its own or in a loop, an output, one of its taps, an exact output beyond that, a clamped byte. */
const LOOPS = { channel: 0, row: 9, columnRow: 2, copied: 2.3, looped: 5, output: 6.6, tap: 3.5, exact: 32, clamp: 7 };

export function depthwiseCost(view: CostView): number {
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
  const row = outWidth === 1 && span(1) === 1 ? LOOPS.columnRow : LOOPS.row;
  const gather =
    chunks * LOOPS.channel + planeRows * (row + (copied > LONGEST_ROW ? LOOPS.looped : LOOPS.copied) * copied);
  const taps = kernelHeight * kernelWidth;
  const tail = LOOPS.output + LOOPS.exact * exact;
  const output = LOOPS.tap * taps + tail;
  const inLoops = outHeight * outWidth * output;
  const rotating = [...assemblyOf(view.call)].find(([name]) => name.endsWith('_rows'))?.[1];
  const strips = Math.ceil(outWidth / LONGEST_ROW);
  const assembly = rotating === undefined ? 0 : chunks * strips * (executed(rotating, { 1: outHeight / chunks }) + 8);
  const products = rotating === undefined ? inLoops : assembly * (1 - exact) + inLoops * exact;
  const clamped = view.call.function.endsWith('_clamp') ? LOOPS.clamp * outHeight * outWidth : 0;
  return batches * outChannels * (gather + products + clamped) + 100;
}
