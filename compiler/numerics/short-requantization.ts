/**
 * Requantization for cores whose multiplication keeps 32 bits (Armv6-M): constants mh, ml, c, s, k with
 *
 *     clamp((sum * mh + ((sum >> 2) * ml >> (s - 2)) + c) >> k, low, high)
 *
 * equal to the profile `onnx` for EVERY sum that the layer can reach. mh + ml * 2^-s stands for scale * 2^k; both products
 * stay within 32 bits. The left side is monotone in `sum`, so it is right when it steps where requantization-solver.ts says.
 */
import { type Reach, thresholds } from './requantization-solver.js';

export interface ShortShifts {
  /** Bits of ml behind the point, 3 to 16. */
  readonly fraction: number;
  /** k, 1 to 31 */
  readonly shift: number;
}

export interface ShortConstants {
  readonly high: number;
  readonly low: number;
  readonly addend: number;
}

export interface ShortInput {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
  readonly reach: Reach;
}

/** Multipliers tried on each side of the nearest. */
const MULTIPLIERS = 60;

/** Shifts for channels whose sums and scales have these limits; undefined when there are none. */
export function shortShifts(largestSum: number, largestScale: number): ShortShifts | undefined {
  const bits = Math.max(17, Math.ceil(Math.log2(largestSum + 1)));
  const shift = Math.floor(30 - bits - Math.log2(largestScale * (1 + 2 ** -16)));
  return bits <= 27 && shift >= 1 && shift <= 31 ? { fraction: 33 - bits, shift } : undefined;
}

/** What the two products give, without the addend. */
export function shortProduct(sum: number, { high, low }: Omit<ShortConstants, 'addend'>, fraction: number): number {
  return sum * high + Math.floor((Math.floor(sum / 4) * low) / 2 ** (fraction - 2));
}

/** Constants that are right for every reachable sum, or undefined when the search finds none. */
export function solveShort(input: ShortInput, { fraction, shift }: ShortShifts): ShortConstants | undefined {
  const steps = stepsOf(input);
  const nearest = Math.round(input.scale * 2 ** (shift + fraction));
  for (let i = 0; i <= 2 * MULTIPLIERS; i += 1) {
    const multiplier = nearest + (i % 2 === 1 ? (i + 1) / 2 : -i / 2);
    if (multiplier <= 0) continue;
    const halves = { high: Math.floor(multiplier / 2 ** fraction), low: multiplier % 2 ** fraction };
    const addend = addendFor(steps, halves, fraction, shift);
    if (addend !== undefined && fits32(input.reach, { ...halves, addend }, fraction)) return { ...halves, addend };
  }
  return undefined;
}

/** Sums at which the result must be at least q (`from`), and at most q - 1 (`below`). */
interface Steps {
  readonly from: readonly (readonly [number, number])[];
  readonly below: readonly (readonly [number, number])[];
}

function stepsOf(input: ShortInput): Steps {
  const from: [number, number][] = [];
  const below: [number, number][] = [];
  thresholds(input).forEach((t, index) => {
    const q = input.low + 1 + index;
    if (t !== Number.POSITIVE_INFINITY) from.push([t === Number.NEGATIVE_INFINITY ? input.reach.least : t, q]);
    if (t !== Number.NEGATIVE_INFINITY) below.push([t === Number.POSITIVE_INFINITY ? input.reach.greatest : t - 1, q]);
  });
  return { from, below };
}

function addendFor(
  { from, below }: Steps,
  halves: Omit<ShortConstants, 'addend'>,
  fraction: number,
  shift: number,
): number | undefined {
  let least = -(2 ** 31);
  let end = 2 ** 31;
  for (const [sum, q] of from) least = Math.max(least, q * 2 ** shift - shortProduct(sum, halves, fraction));
  for (const [sum, q] of below) end = Math.min(end, q * 2 ** shift - shortProduct(sum, halves, fraction));
  return least < end ? least : undefined;
}

/** Whether no intermediate result leaves 32 bits. */
function fits32({ least, greatest }: Reach, constants: ShortConstants, fraction: number): boolean {
  return [least, greatest].every((sum) => {
    const product = shortProduct(sum, constants, fraction);
    const parts = [sum * constants.high, Math.floor(sum / 4) * constants.low, product, product + constants.addend];
    return parts.every((part) => part >= -(2 ** 31) && part < 2 ** 31);
  });
}
