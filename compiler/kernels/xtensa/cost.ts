/**
 * Instructions of the Xtensa kernels, which are functions for any shape: what a pixel, a row, a group of four inputs and so on take was
 * measured on the target lx7 (GCC 12 at its flags), multiplications included.
 */
import type { CostView } from '../cost-view.js';

type Formula = (view: CostView) => number;

/** By the start of the function's name. */
export const xtensaCosts: Readonly<Record<string, Formula>> = {
  nanoc_conv_lx_s8: convCost,
  nanoc_depthwise_3x3_lx_s8: threeCost,
  nanoc_depthwise_lx_s8: anyCost,
  nanoc_depthwise_one_lx_s8: oneCost,
};

/** Around a pixel; a row of its window and four inputs, where pixels are whole words and where they are copied first. */
const GATHER = { pixel: 110, row: 27, quad: 12.9, copiedRow: 16, copiedQuad: 29 };
/** One pixel: a first channel and four of its inputs, a second one. */
const SINGLE = { first: 95, firstQuad: 9, second: 5, secondQuad: 4 };
/** Around a block; the first channel of a pair and the parting of four weights; an output and four of its inputs. */
const BLOCK = { block: 39, pair: 67, partedQuad: 10, output: 19, quad: 4 };
/** An output whose activation has bounds of its own. */
const CLAMP = 7;

function convCost(view: CostView): number {
  const int = view.int;
  const [channels, quads, block] = [int('out_c'), int('quads'), int('block')];
  const image = int('out_h') * int('out_w');
  const pixels = int('batches') * image;
  const [first, second] = [Math.ceil(channels / 2), Math.floor(channels / 2)];
  const inWords = int('in_c') % 4 === 0;
  const row = inWords ? GATHER.row : GATHER.copiedRow;
  const gathered = GATHER.pixel + int('kernel_h') * row + quads * (inWords ? GATHER.quad : GATHER.copiedQuad);
  const blocks = int('batches') * Math.ceil(image / block);
  const products =
    block === 1
      ? pixels *
        (first * (SINGLE.first + SINGLE.firstQuad * quads) + second * (SINGLE.second + SINGLE.secondQuad * quads))
      : blocks * (BLOCK.block + first * (BLOCK.pair + BLOCK.partedQuad * quads)) +
        pixels * channels * (BLOCK.output + BLOCK.quad * quads);
  return pixels * (gathered + clampOf(view, channels)) + products + 110;
}

function clampOf(view: CostView, outputs: number): number {
  return view.int('output.low') > -128 || view.int('output.high') < 127 ? CLAMP * outputs : 0;
}

/** A channel; two rows of outputs and one of their columns; two rows that are widened and one of their columns. */
const THREE = { channel: 66, rows: 20, column: 42.8, widened: 85, widenedColumn: 12.1 };

function threeCost(view: CostView): number {
  const [across, along] = [view.int('across.out'), view.int('along.out')];
  const pairs = Math.ceil(across / 2);
  const widened = (pairs + 1) * (THREE.widened + THREE.widenedColumn * (along + 2));
  const outputs = pairs * (THREE.rows + THREE.column * along);
  return view.int('channels') * (THREE.channel + widened + outputs + clampOf(view, across * along));
}

/**
 * A channel; a row of the image that is widened, its elements inside and outside, once more for an odd stride; an element of a row outside;
 * a row of outputs; an output of one row of taps, of several, each of them; four taps, and two more.
 */
const ANY = {
  ...{ channel: 20, row: 77, inside: 3, outside: 2.4, again: 6, outsideRow: 8 },
  ...{ outputs: 69, single: 21, output: 31, taps: 9.7, quad: 3.7, odd: 1.9 },
};

function anyCost(view: CostView): number {
  const int = view.int;
  const [outputRows, outputColumns, kernelRows] = [int('across.out'), int('along.out'), int('across.kernel')];
  const [stride, kernel] = [int('along.stride'), int('along.kernel')];
  const size = 2 * (Math.ceil(((outputColumns - 1) * stride + kernel) / 2) + 1);
  const rows = (outputRows - 1) * int('across.stride') + (kernelRows - 1) * int('dilation') + 1;
  const insideRows = Math.max(0, Math.min(int('across.in'), rows - int('across.pad')));
  const inside = Math.min(int('along.in'), size - Math.min(int('along.pad'), size));
  const again = stride % 2 === 1 ? ANY.again * size : 0;
  const plane =
    insideRows * (ANY.row + ANY.inside * inside + ANY.outside * (size - inside) + again) +
    (rows - insideRows) * size * ANY.outsideRow;
  const pairs = Math.ceil(kernel / 2);
  const taps = kernelRows * (ANY.quad * Math.floor(pairs / 2) + ANY.odd * (pairs % 2));
  const output = taps + (kernelRows === 1 ? ANY.single : ANY.output + ANY.taps * kernelRows);
  const outputs = outputRows * (ANY.outputs + outputColumns * output);
  return int('channels') * (ANY.channel + plane + outputs + clampOf(view, outputRows * outputColumns));
}

/** A channel, each of its taps, and around all. */
const ONE = { channel: 32, tap: 4, around: 61 };

function oneCost(view: CostView): number {
  const channels = view.int('channels');
  return channels * (ONE.channel + ONE.tap * view.int('along.kernel')) + ONE.around + clampOf(view, channels);
}
