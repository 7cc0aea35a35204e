/** Instructions of the kernels of MatMulNBits for 4 bits, fitted to measurements at the flags of the targets; columns are four a group. */
import type { CostView } from './cost-view.js';

/** Instructions for one of each, in a row. */
interface Numbers {
  /** An element that becomes int8, and a block of them. */
  readonly element: number;
  readonly block: number;
  /** A group, a block of it, a zero point of such a block, and sixteen of its elements. */
  readonly group: number;
  readonly groupBlock: number;
  readonly zeros: number;
  readonly sixteen: number;
}

const dsp: Numbers = { element: 12.4, block: 109, group: 15, groupBlock: 31, zeros: 15, sixteen: 63.8 };
const mve: Numbers = { element: 2.4, block: 59, group: 12, groupBlock: 15, zeros: 2, sixteen: 11.6 };
const mac16: Numbers = { element: 11.9, block: 167, group: 23, groupBlock: 38.5, zeros: 23, sixteen: 121.6 };

/** In C for any core, whose sums of floats are functions of the library where there is no FPU. */
const pairs: Readonly<Record<string, Numbers>> = {
  'cortex-m3': { element: 65, block: 250, group: 0, groupBlock: 751, zeros: 11, sixteen: 122 },
  rv32imc: { element: 140, block: 476, group: 173, groupBlock: 1497, zeros: 16, sixteen: 162 },
  'cortex-m0': { element: 190, block: 827, group: 0, groupBlock: 1704, zeros: 31, sixteen: 216 },
};

/** By the function's name; `core` is that of a target. */
export const nbits4Costs: Readonly<Record<string, (view: CostView, core: string) => number | undefined>> = {
  nanoc_matmul_nbits4_dsp: (view) => cost(view, dsp),
  nanoc_matmul_nbits4_mve: (view) => cost(view, mve),
  nanoc_matmul_nbits4_lx: (view) => cost(view, mac16),
  nanoc_matmul_nbits4_pairs: (view, core) => (pairs[core] === undefined ? undefined : cost(view, pairs[core])),
};

function cost(view: CostView, n: Numbers): number {
  const [inner, block] = [view.int('inner'), view.int('block')];
  const steps = Math.ceil(inner / 16);
  const blocks = Math.ceil(inner / block);
  const zeros = view.constant('zeros') === undefined ? 0 : n.zeros;
  const group = n.group + blocks * (n.groupBlock + zeros) + n.sixteen * steps;
  const activations = n.element * 16 * steps + n.block * blocks;
  return view.int('rows') * (activations + Math.ceil(view.int('columns') / 4) * group) + 60;
}
