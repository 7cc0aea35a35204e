/**
 * Instructions of the RISC-V kernels. The assembly is counted in its own text; what the C compiler makes of the code around it was
 * measured with riscv64-unknown-elf-gcc 12 at the flags of the target.
 */
import { executed, innerRounds } from '../assembly-count.js';
import { type CostView, productSizes } from '../cost-view.js';
import { partsOf, surplusOf } from '../packed/cost-parts.js';
import { depthwiseCost } from '../packed/depthwise-cost.js';
import { matvecCost } from '../packed/matvec-cost.js';
import { paddedInner } from '../packed/stream.js';
import { longestStrip } from './depthwise-instructions.js';
import { UNROLL } from './gemm-instructions.js';
import { MATVEC_UNROLL } from './matvec-instructions.js';

type Formula = (view: CostView) => number | undefined;

/** By the start of the function's name. */
export const riscvCosts: Readonly<Record<string, Formula>> = {
  nanoc_conv_rv32_: convCost,
  nanoc_depthwise_rv32_: (view) => depthwiseCost(view, PLANES),
  nanoc_matvec_rv32_: (view) => matvecCost(view, ROW),
};

/** Of the two instructions that set an output to a bound, so many are passed over. */
const PASSED = 1.6;

const PLANES = {
  ...{ channel: 12, row: 9, columnRow: 6, copied: 2.2, looped: 5, output: 9, tap: 3.3, exact: 34, clamp: 0 },
  turn: 4,
  clampedLines: PASSED,
  longest: longestStrip,
};

/** One row: see RowNumbers. */
const ROW = {
  ...{ segment: 12, exact: 36, passed: PASSED, input: 5, group: 12, clamp: 0, around: 60, surplusLabel: '3' },
  unrolled: (flush: number) => Math.max(1, MATVEC_UNROLL / flush),
};

/** For a block of pixels, a pair of them, a row of its taps, a tap in a loop and written out, a call of a segment, an exact output. */
const CONV = { block: 20, pair: 30, row: 16, looped: 6, written: 5, segment: 12, exact: 34 };

function convCost(view: CostView): number {
  const { channels, pixels, rows, row, sizes } = productSizes(view);
  const inner = paddedInner(rows * row);
  const pairs = Number(/_by(\d)$/.exec(view.call.function)![1]) / 2;
  const batches = sizes?.batches ?? 1;
  const blocks = batches * Math.ceil(pixels / batches / (2 * pairs));
  const products = partsOf(view, 'nanoc_gemm_', channels, 2).reduce((sum, part) => {
    if (part.calls === 0) return sum;
    const base = 2 + inner / 2 + (part.exact ? 0 : 4);
    const surplus = part.flush === 4 ? surplusOf(view.call.function, part, base, 2) : 0;
    const rounds = { 1: part.groups / part.calls, 2: innerRounds(inner / 4, UNROLL), 3: surplus };
    const outputs = 4 * pairs * part.groups;
    const finish = part.exact ? CONV.exact * outputs : -PASSED * outputs;
    return sum + part.calls * (executed(part.lines, rounds) + CONV.segment) + finish;
  }, 0);
  const tap = row > 8 ? CONV.looped : CONV.written;
  const border = sizes === undefined ? 0 : (sizes.borderPixels / pixels) * rows * (40 + 2 * row);
  const pair = CONV.pair + rows * (CONV.row + tap * row) + 2 * border;
  return blocks * (products + pairs * pair + CONV.block);
}
