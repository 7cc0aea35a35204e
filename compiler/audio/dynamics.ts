/** The two functions that narrow the range of loudness: per-channel amplitude normalization (PCAN) and the logarithm. */
import { logTable } from './tables.js';

export const SNR_BITS = 12;
const OUTPUT_BITS = 6;
/** ln 2 in 16 bits. */
const LN2 = 45426;
const LOGS = logTable();

/** Bits of an unsigned 32-bit number; 0 for 0. */
export function bitLength(x: number): number {
  return 32 - Math.clz32(x);
}

/** Gain for a noise estimate, by the parabolas of `pcanTable`. */
export function gainOf(table: Int16Array, estimate: number): number {
  if (estimate <= 2) return table[estimate]!;
  const bits = bitLength(estimate);
  const at = 4 * bits - 6;
  const fraction = (bits < 11 ? estimate << (11 - bits) : estimate >>> (bits - 11)) & 0x3ff;
  const slope = ((table[at + 2]! * fraction) >> 5) + table[at + 1]! * 32;
  return ((Math.imul(slope, fraction) + (1 << 14)) >> 15) + table[at]!;
}

/** A power law below a ratio of 2, linear above; the ratio of signal and noise has 12 fraction bits, the result 6. */
export function shrink(ratio: number): number {
  return ratio < 2 << SNR_BITS
    ? (ratio * ratio) >>> (2 + 2 * SNR_BITS - OUTPUT_BITS)
    : Math.floor(ratio / 2 ** (SNR_BITS - OUTPUT_BITS)) - (1 << OUTPUT_BITS);
}

/** Natural logarithm in steps of 2 ** -scaleShift; 0 for 0 and 1. log2 is a line in each of 128 segments. */
export function logarithm(x: number, scaleShift: number): number {
  if (x <= 1) return 0;
  const integer = bitLength(x) - 1;
  const fraction = Math.floor((x - 2 ** integer) * 2 ** (16 - integer));
  const segment = fraction >> 9;
  const [c0, c1] = [LOGS[segment]!, LOGS[segment + 1]!];
  const log2 = integer * 65536 + fraction + c0 + (((c1 - c0) * (fraction - 512 * segment)) >> 16);
  const natural = Math.floor((LN2 * log2 + 32768) / 65536);
  return Math.floor((natural * 2 ** scaleShift + 32768) / 65536);
}
