/** How the sums of each output channel become bytes in a native kernel: one multiplication where that is exact, else the float form. */
import { type FixedPoint, type Reach, shiftFor, solveRequantization } from '../numerics/requantization-solver.js';

export interface ChannelSums {
  /** Bias with the input's zero point folded in. */
  readonly bias: number;
  readonly reach: Reach;
  /** float32(sx * sw) / sy */
  readonly scale: number;
}

/** Least and greatest sum of bias + x * w over all x in [low, high]; the zero point is already in the bias. */
export function reachOf(
  weights: ArrayLike<number>,
  start: number,
  count: number,
  bias: number,
  low: number,
  high: number,
): Reach {
  let least = bias;
  let greatest = bias;
  for (let i = start; i < start + count; i += 1) {
    const w = weights[i]!;
    least += w * (w > 0 ? low : high);
    greatest += w * (w > 0 ? high : low);
  }
  return { least, greatest };
}

/**
 * The shift that all channels of a layer use. It is rounded down to a multiple of four so that layers with similar scales share
 * one function; the multipliers keep at least 26 bits. Undefined when no shift suits: then every channel takes the exact tail.
 */
export function commonShift(channels: readonly ChannelSums[]): number | undefined {
  const largest = Math.max(...channels.map(({ scale }) => scale));
  const shift = shiftFor(largest);
  const rounded = shift >= 4 ? Math.floor(shift / 4) * 4 : shift;
  return rounded >= 1 && rounded <= 23 ? rounded : undefined;
}

/** Constants for a channel whose accumulator holds 2^accumulatorShift times its sum; without addend for SMMUL. */
export function fixedPointFor(
  channel: ChannelSums,
  shift: number,
  accumulatorShift: number,
  zeroPoint: number,
  low: number,
  high: number,
  withAddend = true,
): FixedPoint | undefined {
  const { scale, reach } = channel;
  return solveRequantization({
    scale,
    zeroPoint,
    low,
    high,
    reach,
    shift: shift + accumulatorShift,
    accumulatorShift,
    withAddend,
  });
}
