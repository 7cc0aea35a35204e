/** How long a program may run before it is taken for one that does not end. */
import { FASTEST_SIMULATOR, type SimulatorAbout } from './simulator.js';

/** Instructions for a multiply-accumulate, twice as many as the slowest kernel takes. */
const SLOWEST_KERNEL = 200;
/** Seconds for the start of a simulator and what comes before the first inference. */
const START = 30;
/** setTimeout takes no more. */
const LONGEST = 2 ** 31 - 1;

/** Instructions that no good program exceeds for so many multiply-accumulates. */
export function mostInstructions(macs: number): number {
  return macs * SLOWEST_KERNEL;
}

/**
 * Time that no good program needs, in milliseconds: half a minute, the instructions of its work, and what a second of the fastest simulator does
 * for each run.
 * @param runs inferences, or what else of a program takes a time of its own besides `instructions`
 */
export function timeLimit({ slowest }: Pick<SimulatorAbout, 'slowest'>, runs: number, instructions: number): number {
  const seconds = START + (runs * FASTEST_SIMULATOR + instructions) / slowest;
  return Math.min(seconds * 1000, LONGEST);
}
