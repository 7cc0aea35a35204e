/** Instructions of the MVE kernels that do not depend on the shape: their loops are counted in the sources, what is around them was measured. */
import { type CostView, elements, windowSizes } from '../cost-view.js';

type Formula = (view: CostView) => number;

/** By the function's name. */
export const mveLayerCosts: Readonly<Record<string, Formula>> = {
  nanoc_add_mve_s8: (view) => binaryCost(view, 9),
  nanoc_add_float_mve_s8: (view) => binaryCost(view, 16),
  nanoc_mul_float_mve_s8: (view) => binaryCost(view, 16),
  nanoc_table_mve_s8: ({ y }) => 4 * Math.ceil(elements(y) / 16) + 8,
  nanoc_average_all_mve_s8: averageAllCost,
  nanoc_max_pool_mve_s8: maxPoolCost,
  nanoc_matmul_dynamic_mve_s8: dynamicCost,
};

/** Around a row of elements that lie one behind the other; four of them are a vector. */
const BINARY_ROW = 40;

function binaryCost(view: CostView, vector: number): number {
  return view.int('shape.rows') * (BINARY_ROW + vector * Math.ceil(view.int('shape.count') / 4));
}

/** Of four columns: to pack a row of the right side, and sixteen; around a row of the left side, and for sixteen of its elements. */
const DYNAMIC = { packed: 18.6, chunk: 90, row: 30, sixteen: 10 };

function dynamicCost({ int }: CostView): number {
  const chunks = Math.ceil(int('inner') / 16);
  const packing = DYNAMIC.packed * int('inner') + DYNAMIC.chunk * chunks - 40;
  const products = int('rows') * (DYNAMIC.row + DYNAMIC.sixteen * chunks);
  return int('batches') * Math.ceil(int('columns') / 4) * (packing + products);
}

/** Sixteen channels of a pixel, or up to eight; around the channels; for each of them, and for each part of 256 pixels. */
const AVERAGE = { sixteen: 6, eight: 5, around: 60, channel: 20, part: 7 };

function averageAllCost(view: CostView): number {
  const [batches, channels, pixels] = [view.int('batches'), view.int('channels'), view.int('pixels')];
  const [sixteens, left] = [Math.floor(channels / 16), channels % 16];
  const sums = pixels * (AVERAGE.sixteen * sixteens + AVERAGE.eight * Math.ceil(left / 8));
  const parts = Math.ceil(pixels / 256);
  return (
    batches * (sums + AVERAGE.around * Math.ceil(channels / 16) + channels * (AVERAGE.channel + AVERAGE.part * parts))
  );
}

/** Around a row of outputs and a pixel; around sixteen channels; for a row of their taps, and a tap. */
const MAX_POOL = { row: 60, pixel: 60, sixteen: 13, taps: 5, tap: 5 };

function maxPoolCost(view: CostView): number {
  const { batches, outHeight, outChannels, kernelHeight, kernelWidth, pixels } = windowSizes(view);
  const sixteen = MAX_POOL.sixteen + kernelHeight * (MAX_POOL.taps + MAX_POOL.tap * kernelWidth);
  return batches * outHeight * MAX_POOL.row + pixels * (MAX_POOL.pixel + Math.ceil(outChannels / 16) * sixteen);
}
