import { totalMacs } from '../ir/kernel-call.js';
import type { MemoryPlan } from '../ir/memory-plan.js';

/** What one inference of a model takes. */
export interface Cost {
  readonly macs: number;
  /** Bytes of static RAM, the context. */
  readonly ram: number;
}

export function costOf({ plan, ram }: { readonly plan: MemoryPlan; readonly ram: number }): Cost {
  return { macs: totalMacs(plan.calls), ram };
}
