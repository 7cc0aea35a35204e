/** The cost model: how many instructions a call will take, from formulas that stand beside the kernels. */
import type { Graph } from '../ir/graph.js';
import type { KernelCall } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { dspCosts } from './arm-dsp/cost.js';

import { winogradCost } from './arm-dsp/winograd-cost.js';
import { mveCosts } from './arm-mve/cost.js';
import { mveLayerCosts } from './arm-mve/layers-cost.js';
import { scalarCosts } from './arm-scalar/cost.js';
import { type CostView, costView } from './cost-view.js';
import { halfwordCosts } from './halfwords-cost.js';
import { nbits4Costs } from './nbits4-cost.js';
import { portableCosts, portableNumbers } from './portable-cost.js';
import { riscvCosts } from './riscv/cost.js';
import { xtensaCosts } from './xtensa/cost.js';

type Formula = (view: CostView, core: string) => number | undefined;

/** By the start of the function's name: a longer one stands before what it starts with. */
const nativeCosts: Readonly<Record<string, Formula>> = {
  ...halfwordCosts,
  ...dspCosts,
  nanoc_winograd_dsp_: winogradCost,
  ...scalarCosts,
  ...mveCosts,
  ...mveLayerCosts,
  ...riscvCosts,
  ...xtensaCosts,
  ...nbits4Costs,
};

/** Cores that run the assembly of their kernels, and whose C compiler was measured; others run the C twins. */
function isMeasured({ name, features }: Target): boolean {
  return portableNumbers[name] !== undefined || features.includes('mve') || features.includes('xtensa');
}

/**
 * Instructions of one call on the target's core, right within 15 % for layers above 20,000 (cost.test.ts); undefined where there
 * is no formula for the kernel or the core.
 */
export function predictInstructions(call: KernelCall, graph: Graph, target: Target): number | undefined {
  const numbers = portableNumbers[target.name];
  if (!isMeasured(target)) return undefined;
  const portable = portableCosts[call.function];
  const native = Object.entries(nativeCosts).find(([start]) => call.function.startsWith(start))?.[1];
  if ((portable === undefined || numbers === undefined) && native === undefined) return undefined;
  const view = costView(call, graph);
  const cost = native === undefined ? portable!(view, numbers!) : native(view, target.name);
  return cost === undefined ? undefined : Math.round(cost);
}
