/** The cost model: how many instructions a call will take, from formulas that stand beside the kernels. */
import type { Graph } from '../ir/graph.js';
import type { KernelCall } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { dspCosts } from './arm-dsp/cost.js';
import { winogradCost } from './arm-dsp/winograd-cost.js';
import { mveCosts } from './arm-mve/cost.js';
import { scalarCosts } from './arm-scalar/cost.js';
import { costView } from './cost-view.js';
import { portableCosts, portableNumbers } from './portable-cost.js';
import { riscvCosts } from './riscv/cost.js';

/** By the start of the function's name. */
const generatedCosts = { ...dspCosts, nanoc_winograd_dsp_: winogradCost, ...scalarCosts, ...mveCosts, ...riscvCosts };

/**
 * Instructions of one call on the target's core, right within 15 % for layers above 20,000 (cost.test.ts); undefined where there
 * is no formula for the kernel or the core.
 */
export function predictInstructions(call: KernelCall, graph: Graph, target: Target): number | undefined {
  const numbers = portableNumbers[target.name];
  // Other targets run the C twins of generated kernels.
  if (numbers === undefined && !target.features.includes('mve')) return undefined;
  const portable = portableCosts[call.function];
  const generated = Object.entries(generatedCosts).find(([start]) => call.function.startsWith(start))?.[1];
  if ((portable === undefined || numbers === undefined) && generated === undefined) return undefined;
  const view = costView(call, graph);
  const cost = generated === undefined ? portable!(view, numbers!) : generated(view);
  return cost === undefined ? undefined : Math.round(cost);
}
