/**
 * Integer forms of the quantized Add, Sub and Mul. The law is in float32 (docs/NUMERICS.md); two bytes have only 65,536
 * pairs, so the compiler looks for factors in fixed point and compares all of them. What fits is exact on every core.
 */
import { clamp } from '../../numerics/round.js';

export const PAIRS = 65536;

/** How the bytes come from the fixed-point number x = form(a, b) + offset. */
export interface FixedForm {
  /** plain: clamp(x >> shift). even: ties to even. near: plain, but in float within `near` of a tie. */
  readonly kind: 'plain' | 'even' | 'near';
  readonly factors: readonly [number, number];
  readonly offset: number;
  readonly shift: number;
  readonly near: number;
  /** Share of all pairs that take the float path. */
  readonly floatShare: number;
}

export interface FormProblem {
  /** Results of the law: law[(a + 128) * 256 + b + 128]. */
  readonly law: Int16Array;
  readonly low: number;
  readonly high: number;
  readonly yZero: number;
  /** Largest shift at which no intermediate result leaves 32 bits; below 1 when there is none. */
  readonly shift: number;
  /** Factors for a shift, the best guess first. */
  candidates(shift: number): (readonly [number, number])[];
  /** The fixed-point numbers of all pairs without zero points of y or rounding, in the order of `law`. */
  numbers(factors: readonly [number, number]): Int32Array;
}

/** All results of a rule on two int8 numbers. */
export function tabulatePairs(rule: (a: number, b: number) => number): Int16Array {
  const law = new Int16Array(PAIRS);
  for (let a = -128; a < 128; a += 1) for (let b = -128; b < 128; b += 1) law[(a + 128) * 256 + b + 128] = rule(a, b);
  return law;
}

/** The cheapest form that gives the law for all pairs; `near` always exists. */
export function findFixedForm(problem: FormProblem): FixedForm {
  const { shift } = problem;
  if (shift < 1) return { kind: 'near', factors: [0, 0], offset: 0, shift: 1, near: 1, floatShare: 1 };
  for (const factors of problem.candidates(shift)) {
    const offset = plainOffset(problem, problem.numbers(factors), shift);
    if (offset !== undefined) return { kind: 'plain', factors, offset, shift, near: 0, floatShare: 0 };
  }
  const factors = problem.candidates(shift)[0]!;
  const numbers = problem.numbers(factors);
  if (isEven(problem, numbers, shift)) {
    return { kind: 'even', factors, offset: 2 ** (shift - 1) - 1, shift, near: 0, floatShare: 0 };
  }
  return { kind: 'near', factors, shift, ...nearForm(problem, numbers, shift) };
}

/** An offset for which (number + offset) >> shift is the law everywhere: the middle of all that do, or undefined. */
function plainOffset(problem: FormProblem, numbers: Int32Array, shift: number): number | undefined {
  const step = 2 ** shift;
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  for (let i = 0; i < PAIRS; i += 1) {
    const y = problem.law[i]!;
    const start = y * step - numbers[i]!;
    if (y > problem.low && start > least) least = start;
    if (y < problem.high && start + step - 1 < most) most = start + step - 1;
    if (least > most) return undefined;
  }
  const bounded = Number.isFinite(least) && Number.isFinite(most);
  return bounded ? Math.floor((least + most) / 2) : clamp(guessedOffset(problem, shift), least, most);
}

/** Adds the zero point and rounds to the nearest. */
function guessedOffset(problem: FormProblem, shift: number): number {
  return problem.yZero * 2 ** shift + 2 ** (shift - 1);
}

function isEven(problem: FormProblem, numbers: Int32Array, shift: number): boolean {
  const half = 2 ** (shift - 1) - 1;
  return problem.law.every((y, i) => {
    const odd = (numbers[i]! >> shift) & 1;
    return clamp(((numbers[i]! + half + odd) >> shift) + problem.yZero, problem.low, problem.high) === y;
  });
}

/** The smallest distance from a tie outside which the fixed-point form is right for all pairs. */
function nearForm(
  problem: FormProblem,
  numbers: Int32Array,
  shift: number,
): Pick<FixedForm, 'offset' | 'near' | 'floatShare'> {
  const offset = guessedOffset(problem, shift);
  const mask = 2 ** shift - 1;
  const distance = (x: number) => Math.min((x & mask) + 1, mask + 1 - (x & mask));
  let near = 0;
  for (let i = 0; i < PAIRS; i += 1) {
    const x = numbers[i]! + offset;
    if (clamp(x >> shift, problem.low, problem.high) !== problem.law[i]!) near = Math.max(near, distance(x));
  }
  near = Math.min(near, 2 ** (shift - 1));
  const inside = numbers.reduce((count, x) => count + (((x + offset + near) & mask) < 2 * near ? 1 : 0), 0);
  return { offset, near, floatShare: inside / PAIRS };
}
