/** RV32IM: so many pairs of pixels at a time, each in one word, and the form of their requantization. */
import type { Core } from '../packed/stream.js';
import { commonShift, fixedPointFor } from '../requantization-plan.js';

export interface RiscvCore extends Core {
  readonly name: 'rv32';
  /** Pairs of pixels. */
  readonly pairs: number;
}

/** Wide inputs are words [input][pair]. */
export function rv32(pairs: number): RiscvCore {
  return {
    name: 'rv32',
    pairs,
    weightOffset: 0,
    // The halves are rounded when they are parted, not before.
    parting: 0,
    wordOf: (position) => pairs * position,
    forms: ({ channels }) => {
      const shift = commonShift(channels);
      return shift === undefined ? [] : [{ kind: 'fixed', shift, fraction: 0, cost: 28 }];
    },
    solve: ({ channels, zeroPoint, low, high }, channel, { shift }) => {
      const found = fixedPointFor(channels[channel]!, shift, 0, zeroPoint, low, high);
      return found === undefined ? undefined : { tweak: found.tweak, words: [found.multiplier, found.addend] };
    },
  };
}
