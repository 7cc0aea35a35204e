/**
 * Two pixels in one word: x0 + x1 * 2^16. A product with a weight, and a sum of a few, holds both results, as long as the lower
 * one stays within 16 bits. The compiler knows the weights: groups of four are summed before the halves are parted, and what makes
 * a group too heavy, its surplus, is taken out of its largest weight and multiplied apart.
 */

/** Whether sum(x * w) fits 16 bits for every x in [-128, 127]; `positive` and `negative` are the sums of the magnitudes. */
export function fitsField(positive: number, negative: number): boolean {
  return 127 * positive + 128 * negative <= 32767 && 128 * positive + 127 * negative <= 32768;
}

export interface Surplus {
  readonly position: number;
  /** Belongs to the weight at `position`, which is smaller by it; int8. */
  readonly weight: number;
}

export interface Lightened {
  /** Every group of them fits. */
  readonly weights: Int8Array;
  readonly surplus: readonly Surplus[];
}

/** Whether all weights are int8 and all groups of `size` neighbours fit. */
export function groupsFit(weights: Int8Array | Int16Array, size: number): boolean {
  for (let start = 0; start < weights.length; start += size) {
    if (!fits(weights, start, start + size)) return false;
  }
  return true;
}

/** Sums of the magnitudes of the positive and the negative weights from `start` to before `end`, or to their last. */
function magnitudes(weights: ArrayLike<number>, start: number, end: number): { positive: number; negative: number } {
  let positive = 0;
  let negative = 0;
  for (let i = start; i < Math.min(end, weights.length); i += 1) {
    if (weights[i]! > 0) positive += weights[i]!;
    else negative -= weights[i]!;
  }
  return { positive, negative };
}

function fits(weights: ArrayLike<number>, start = 0, end = weights.length): boolean {
  for (let i = start; i < Math.min(end, weights.length); i += 1)
    if (weights[i]! < -128 || weights[i]! > 127) return false;
  const { positive, negative } = magnitudes(weights, start, end);
  return fitsField(positive, negative);
}

/**
 * Takes the surplus out of groups of four; undefined when the surplus would not fit a group of its own.
 * @param weights int8, or less a zero point nine bits
 */
export function lighten(weights: Int16Array): Lightened | undefined {
  const light = lightenGroups(weights, 4);
  return fits(light.surplus.map(({ weight }) => weight)) && light.surplus.length < 256 ? light : undefined;
}

/** Takes the surplus out of groups of `size`, however much it is. */
export function lightenGroups(weights: Int16Array, size: number): Lightened {
  const light = weights.slice();
  const surplus: Surplus[] = [];
  for (let start = 0; start < light.length; start += size) {
    // Millions of groups fit: a view is made of the others alone.
    if (fits(light, start, start + size)) continue;
    const group = light.subarray(start, start + size);
    while (!fits(group)) surplus.push(takeSurplus(group, start));
  }
  return { weights: new Int8Array(light), surplus };
}

/** Brings the largest weight of a group down as far as the group and int8 ask, or to zero, by a weight of int8. */
function takeSurplus(group: Int16Array, start: number): Surplus {
  let largest = 0;
  for (let i = 1; i < group.length; i += 1) if (Math.abs(group[i]!) > Math.abs(group[largest]!)) largest = i;
  const whole = group[largest]!;
  const { positive, negative } = magnitudes(group, 0, group.length);
  // How far both sides of fitsField are from fitting, and how much of each a unit of this weight takes away.
  const [first, second] = [127 * positive + 128 * negative - 32767, 128 * positive + 127 * negative - 32768];
  const excess = whole > 0 ? Math.max(first / 127, second / 128) : Math.max(first / 128, second / 127);
  const beyond = Math.max(Math.ceil(excess), whole - 127, -128 - whole);
  group[largest] = whole - Math.sign(whole) * Math.min(Math.abs(whole), beyond, 127);
  return { position: start + largest, weight: whole - group[largest]! };
}
