/** `--ram`: splits regions into bands until the plan fits. docs/MEMORY.md, "Bands". */
import type { CompileOptions } from '../compilation.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import type { Graph } from '../ir/graph.js';
import { isMerge } from '../ir/guards.js';
import type { Program } from '../ir/kernel-call.js';
import type { MemoryPlan } from '../ir/memory-plan.js';
import type { Target } from '../ir/target.js';
import { lower } from '../phases/4-lower/index.js';
import { planMemory, separateStorage } from '../phases/5-plan/index.js';
import { contextBytesOf } from '../phases/6-emit/buffers.js';
import { isWorthIt, kernelsTooLarge } from './lean.js';
import { loadsOf, type StepLoad } from './loads.js';
import { type Candidate, candidatesAround } from './regions.js';

/** A graph with its program and plan. */
export interface Planned {
  readonly graph: Graph;
  /** As lowered, before storage is separated. */
  readonly lowered: Program;
  readonly program: Program;
  readonly plan: MemoryPlan;
  /** Static RAM of the model, bytes. */
  readonly ram: number;
}

/** A region that runs in bands. */
export interface BandedRegion {
  /** Names of its nodes. */
  readonly nodes: readonly string[];
  readonly bands: number;
  /** Elements that are copied from band to band. */
  readonly copiedElements: number;
}

/** The result; `regions` is empty when the model fits as it is. */
export interface Fitted extends Planned {
  readonly regions: readonly BandedRegion[];
}

export interface Planner {
  readonly target: Target;
  readonly options: CompileOptions;
}

/** Plans that are made before giving up, and how often the aim is lowered when addresses do not work out. */
const PLANS = 10;
const TRIES = 3;

/** Lowers and plans a graph. Its diagnostics are those of the model only where `diagnostics` is the compilation's own. */
export function planGraph(graph: Graph, planner: Planner, diagnostics: Diagnostics): Planned {
  const { target, options } = planner;
  const lowered = lower(graph, target, options, diagnostics);
  diagnostics.throwIfErrors();
  const fast = planProgram(graph, lowered, planner);
  const tooLarge = kernelsTooLarge(lowered, target, options);
  if (tooLarge.length === 0) return fast;
  const excluded = [...(options.excluded ?? []), ...tooLarge];
  const lean = planProgram(graph, lower(graph, target, { ...options, excluded }, new Diagnostics()), planner);
  return isWorthIt(fast, lean) ? lean : fast;
}

function planProgram(graph: Graph, lowered: Program, { target, options }: Planner): Planned {
  const program = separateStorage(lowered);
  const plan = planMemory(program, {
    alignment: target.alignment,
    ...(options.guardBytes === undefined ? {} : { guardBytes: options.guardBytes }),
  });
  return { graph, lowered, program, plan, ram: contextBytesOf({ graph: program.graph, plan, target }) };
}

/**
 * The model in `budget` bytes of static RAM, or in as few as were reached. Nothing is computed twice: bands keep the rows that
 * the next one needs. Of the splits that fit, the one that copies least is taken.
 * @param whole the model without bands
 * @param replan lowers and plans another graph
 */
export function fitInto(whole: Planned, budget: number, replan: (graph: Graph) => Planned): Fitted {
  let best: Fitted = { ...whole, regions: [] };
  // The sketch of a split (estimate.ts) knows no branches.
  if (whole.graph.nodes.some(isMerge)) return best;
  let aim = budget - (whole.ram - whole.plan.arenaBytes - whole.plan.stateBytes);
  for (let attempt = 0; attempt < TRIES && best.ram > budget; attempt += 1) {
    const found = fitOnce(inPlanOrder(whole), aim, budget, replan);
    if (found === undefined) break;
    if (found.ram < best.ram) best = found;
    aim -= Math.max(64, Math.ceil((found.ram - budget) / 2));
  }
  return best.ram <= budget ? best : leastOf(whole, best, budget, replan);
}

/** Out of reach: how far bands go, halving the distance. */
function leastOf(whole: Planned, reached: Fitted, budget: number, replan: (graph: Graph) => Planned): Fitted {
  let best = reached;
  let low = budget;
  for (let attempt = 0; attempt < TRIES && best.ram > low; attempt += 1) {
    const aim = Math.floor((low + best.ram) / 2);
    const found = fitOnce(inPlanOrder(whole), aim, aim, replan);
    if (found !== undefined && found.ram < best.ram) best = found;
    else low = aim;
  }
  return best;
}

/** Splits the region of the largest live set, then of the next, until all are below the aim. */
function fitOnce(start: Planned, aim: number, budget: number, replan: (graph: Graph) => Planned): Fitted | undefined {
  let { graph, lowered } = start;
  const regions: BandedRegion[] = [];
  for (;;) {
    const hot = hottest(lowered);
    if (hot === undefined || hot.during <= aim) break;
    const candidates = candidatesAround(graph, lowered, hot.node, aim);
    if (candidates.length === 0 || candidates[0]!.peak >= hot.during) break;
    const first = candidates[0]!;
    const next = replan(first.split.graph);
    const rest = hottest(next.lowered)!;
    const isLast = rest.during <= aim || first.peak > aim;
    if (isLast) return cheapest(candidates, next, regions, budget, replan);
    [graph, lowered] = [next.graph, next.lowered];
    regions.push(regionText(first));
  }
  return regions.length === 0 ? undefined : { ...replan(graph), regions };
}

/** The first candidate whose addresses work out, or the smallest. */
function cheapest(
  candidates: readonly Candidate[],
  first: Planned,
  regions: readonly BandedRegion[],
  budget: number,
  replan: (graph: Graph) => Planned,
): Fitted {
  let best: Fitted = { ...first, regions: [...regions, regionText(candidates[0]!)] };
  let gap = first.ram - candidates[0]!.peak;
  let plans = 1;
  for (const candidate of candidates.slice(1)) {
    if (best.ram <= budget || plans >= PLANS) break;
    // Addresses cost about as much in neighbouring splits: no plan for one that has no room for half of it.
    if (candidate.peak + gap / 2 > budget) continue;
    const planned = replan(candidate.split.graph);
    plans += 1;
    gap = Math.min(gap, planned.ram - candidate.peak);
    if (planned.ram < best.ram) best = { ...planned, regions: [...regions, regionText(candidate)] };
  }
  return best;
}

function regionText({ nodes, bands, split }: Candidate): BandedRegion {
  return { nodes: nodes.map(({ name }) => name), bands, copiedElements: split.copiedElements };
}

function hottest(program: Program): StepLoad | undefined {
  return loadsOf(program).steps.reduce<StepLoad | undefined>(
    (best, load) => (best === undefined || load.during > best.during ? load : best),
    undefined,
  );
}

/** The graph in the order of its plan, which may be better than its own. */
function inPlanOrder(planned: Planned): Planned {
  const { graph, lowered, plan } = planned;
  const step = new Map(plan.calls.map((call, index) => [call.node.name, index]));
  const known = new Map<string, number>();
  const keyed = graph.nodes.map((node) => {
    const key = step.get(node.name) ?? Math.max(-1, ...node.inputs.map((name) => known.get(name) ?? -1));
    for (const output of node.outputs) known.set(output, key);
    return { node, key };
  });
  const nodes = [...keyed].sort((a, b) => a.key - b.key).map(({ node }) => node);
  const position = new Map(nodes.map((node, index) => [node.name, index]));
  const calls = [...lowered.calls].sort((a, b) => position.get(a.node.name)! - position.get(b.node.name)!);
  const ordered = { ...graph, nodes };
  return { ...planned, graph: ordered, lowered: { ...lowered, graph: ordered, calls } };
}
