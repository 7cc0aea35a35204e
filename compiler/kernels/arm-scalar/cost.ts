/**
 * Instructions of the scalar kernels (Armv7-M, Armv6-M). The assembly is counted in its own text; what the C compiler makes of the code
 * around it was measured with arm-none-eabi-gcc 12 at the flags of the targets, and stands here for a pair of pixels, an input or a row.
 */
import { executed, innerRounds } from '../assembly-count.js';
import { type CostView, productSizes } from '../cost-view.js';
import { partsOf, surplusOf } from '../packed/cost-parts.js';
import { LONGEST_ROW } from '../packed/depthwise.js';
import { depthwiseCost } from '../packed/depthwise-cost.js';
import { matvecCost, type RowNumbers } from '../packed/matvec-cost.js';
import { paddedInner } from '../packed/stream.js';
import type { ArmCore } from './core.js';
import { unrollOf } from './gemm.js';
import { MATVEC_UNROLL } from './matvec-v7m.js';

type Formula = (view: CostView) => number | undefined;
type Name = ArmCore['name'];

/** By the start of the function's name. */
export const scalarCosts: Readonly<Record<string, Formula>> = {
  nanoc_conv_v7m_: (view) => convCost(view, 'v7m'),
  nanoc_conv_v6m_: (view) => convCost(view, 'v6m'),
  // That of Armv6-M has none: what the C compiler makes of its loops is too different from shape to shape.
  nanoc_depthwise_v7m_: (view) => depthwiseCost(view, PLANES),
  nanoc_matvec_v7m_: (view) => matvecCost(view, ROW.v7m),
  nanoc_matvec_v6m_: (view) => matvecCost(view, ROW.v6m),
};

/** Depthwise: see PlaneNumbers. */
const PLANES = {
  channel: 0,
  row: 9,
  columnRow: 2,
  copied: 2.3,
  looped: 5,
  output: 6.6,
  tap: 3.5,
  exact: 32,
  clamp: 7,
  clampedLines: 0,
  longest: () => LONGEST_ROW,
};

interface Glue {
  /** Around a pair of pixels, around a row of taps, for a segment's call, for one exact output, for a byte that is clamped. */
  readonly pair: number;
  readonly row: number;
  readonly segment: number;
  readonly exact: number;
  readonly clamp: number;
  /** Widening: a group of inputs that is written out, and of so many; one input behind them. */
  readonly group: number;
  readonly inputs: number;
  readonly input: number;
  /** For a byte of the rows that are copied together first. */
  readonly copy: number;
}

const GLUE: Readonly<Record<Name, Glue>> = {
  v7m: { pair: 66, row: 14, segment: 12, exact: 32, clamp: 7, group: 32, inputs: 8, input: 6, copy: 0 },
  v6m: { pair: 100, row: 25, segment: 20, exact: 100, clamp: 10, group: 52, inputs: 4, input: 0, copy: 5 },
};

/** One row: see RowNumbers. */
const ROW: Readonly<Record<Name, RowNumbers>> = {
  v7m: rowNumbers('v7m', 4, '3'),
  v6m: rowNumbers('v6m', 7, '4'),
};

function rowNumbers(core: Name, input: number, surplusLabel: string): RowNumbers {
  const { segment, exact, clamp } = GLUE[core];
  const unrolled = (flush: number) => MATVEC_UNROLL / flush;
  return { segment, exact, clamp, passed: 0, input, group: 12, around: 60, surplusLabel, unrolled };
}

function convCost(view: CostView, core: Name): number {
  const glue = GLUE[core];
  const { channels, pixels, rows, row, sizes } = productSizes(view);
  const inner = paddedInner(rows * row);
  const products = partsOf(view, 'nanoc_gemm_', channels, 2).reduce((sum, part) => {
    if (part.calls === 0) return sum;
    const base = 2 + inner / 2 + (part.exact ? 0 : 4);
    const surplus = part.flush === 4 ? surplusOf(view.call.function, part, base, 2) : 0;
    const rounds = {
      1: part.groups / part.calls,
      2: innerRounds(inner / 4, unrollOf(core, part.flush === 4 ? 4 : 2)),
      [core === 'v7m' ? 3 : 4]: surplus,
    };
    const exact = part.exact ? 4 * glue.exact * part.groups : 0;
    return sum + part.calls * (executed(part.lines, rounds) + glue.segment) + exact;
  }, 0);
  const copies = core === 'v6m' && row % 4 !== 0;
  const widened = copies
    ? glue.group * (inner / 4) + 2 * glue.copy * inner
    : rows * (glue.group * Math.floor(row / glue.inputs) + glue.input * (row % glue.inputs));
  const border = sizes === undefined ? 0 : (sizes.borderPixels / pixels) * rows * (60 + 2 * row);
  const clamped = view.call.function.endsWith('_clamp') ? 2 * glue.clamp * channels : 0;
  return Math.ceil(pixels / 2) * (products + widened + rows * glue.row + border + clamped + glue.pair);
}
