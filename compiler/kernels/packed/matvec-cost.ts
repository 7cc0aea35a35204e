/** Instructions of the packed kernels of one row: the assembly is counted in its own text, the numbers are of the C code around it. */
import { executed, innerRounds } from '../assembly-count.js';
import type { CostView } from '../cost-view.js';
import { partsOf, surplusOf } from './cost-parts.js';

/** Instructions for one of each. */
export interface RowNumbers {
  /** A call of a segment. */
  readonly segment: number;
  /** An output that is requantized by nanoc_packed_exact, and what the assembly of another takes less than its text says. */
  readonly exact: number;
  readonly passed: number;
  /** An input and a group that are added up beforehand. */
  readonly input: number;
  readonly group: number;
  /** A byte that is clamped at the end. */
  readonly clamp: number;
  readonly around: number;
  /** Of the assembly: the label of the loop over a list of surplus weights, and the groups that are written out. */
  readonly surplusLabel: string;
  unrolled(flush: number): number;
}

export function matvecCost(view: CostView, numbers: RowNumbers): number {
  const { call } = view;
  const shape = /_(\d+)x(\d+)_by(\d+)/.exec(call.function)!;
  const [inner, columns, flush] = [Number(shape[1]), Number(shape[2]), Number(shape[3])];
  const products = partsOf(view, 'nanoc_dot_', columns, 4).reduce((sum, part) => {
    if (part.calls === 0) return sum;
    const base = 4 + 2 * Math.ceil(inner / 2) + (part.exact ? 0 : 8) + 1;
    const rounds = {
      1: part.groups / part.calls,
      2: innerRounds(Math.floor(inner / flush), numbers.unrolled(flush)),
      [numbers.surplusLabel]: surplusOf(call.function, part, base, 4),
    };
    const finish = 4 * part.groups * (part.exact ? numbers.exact : -numbers.passed);
    return sum + part.calls * (executed(part.lines, rounds) + numbers.segment) + finish;
  }, 0);
  // Words of groups that are made on the way stand in the assembly.
  const before = inner * numbers.input + Math.ceil(inner / flush) * numbers.group;
  const groups = call.function.includes('_summed') ? 0 : before;
  const clamped = call.function.endsWith('_clamp') ? numbers.clamp * columns : 0;
  return products + groups + clamped + numbers.around;
}
