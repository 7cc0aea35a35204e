/** The cost model: how many instructions a call will take, from formulas that stand beside the kernels. */
import type { Graph } from '../ir/graph.js';
import type { KernelCall } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { dspCosts } from './arm-dsp/cost.js';
import { costView } from './cost-view.js';
import { portableCosts, portableNumbers } from './portable-cost.js';

/**
 * Instructions of one call on the target's core, right within 15 % for layers above 20,000 (cost.test.ts); undefined where there
 * is no formula for the kernel or the core.
 */
export function predictInstructions(call: KernelCall, graph: Graph, target: Target): number | undefined {
  const numbers = portableNumbers[target.name];
  if (numbers === undefined) return undefined;
  const portable = portableCosts[call.function];
  const prefix = Object.keys(dspCosts).find((start) => call.function.startsWith(start));
  if (portable === undefined && prefix === undefined) return undefined;
  const view = costView(call, graph);
  const cost = portable === undefined ? dspCosts[prefix!]!(view) : portable(view, numbers);
  return cost === undefined ? undefined : Math.round(cost);
}
