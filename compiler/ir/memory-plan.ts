/** What 5-plan decides: an order of the calls and a place for every buffer. All numbers are bytes or indices of steps. */
import type { KernelCall, View } from './kernel-call.js';

export interface Placement {
  /** Value name, or `<node>#scratch`. */
  readonly name: string;
  readonly kind: 'value' | 'scratch';
  readonly region: 'arena' | 'state' | 'flash';
  /** Offset in its region (arena or state block); for flash it is 0: the symbol is the value's own. */
  readonly offset: number;
  readonly bytes: number;
  /** First and last step (index into `calls`) in which the bytes must be kept; inputs start at -1, outputs end at calls.length. */
  readonly live: readonly [number, number];
  /** Set when the storage is that of another value (view or in-place). */
  readonly sharesWith?: string;
}

export interface MemoryPlan {
  /** Calls in execution order. */
  readonly calls: readonly KernelCall[];
  readonly views: readonly View[];
  readonly placements: ReadonlyMap<string, Placement>;
  readonly arenaBytes: number;
  /** Bytes of persistent state, outside the arena. */
  readonly stateBytes: number;
  /**
   * Largest live set over the steps of this order, where what an output can take over from an input counts once: no plan of
   * this order is smaller.
   */
  readonly lowerBound: number;
  /** The same if the inputs and outputs of every call were kept apart, as most compilers do; for comparison. */
  readonly layerBound?: number;
  /** Step with the largest live set, and what is alive then. */
  readonly peak: { readonly step: number; readonly names: readonly string[] };
  /** How order and placement were found, and whether they are proven optimal; printed. */
  readonly search: { readonly order: string; readonly placement: string; readonly optimal: boolean };
  /** Guard bytes round every buffer (verification builds), else 0. */
  readonly guardBytes: number;
}
