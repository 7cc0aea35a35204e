/** The options `ram` and `maxRam`: bands where the model does not fit without, what they cost, and a diagnostic where they do not do. */
import type { CompileOptions } from '../compilation.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import type { Program } from '../ir/kernel-call.js';
import { totalMacs } from '../ir/kernel-call.js';
import type { MemoryPlan } from '../ir/memory-plan.js';
import type { Target } from '../ir/target.js';
import { byteLength } from '../ir/tensor.js';
import { grouped } from '../report/format.js';
import { type BandedRegion, type Fitted, fitInto, type Planned, planGraph } from './fit.js';

/** Before bands, and with them. */
export interface BeforeAfter {
  readonly before: number;
  readonly after: number;
}

/** What was split, and what it costs. No row is computed twice. */
export interface Bands {
  /** Bytes that were asked for. */
  readonly budget: number;
  readonly regions: readonly BandedRegion[];
  /** Static RAM, bytes. */
  readonly ram: BeforeAfter;
  readonly macs: BeforeAfter;
  readonly calls: BeforeAfter;
  /** C functions that the calls use: each band of another shape has its own where functions are generated. */
  readonly functions: BeforeAfter;
  /** Bytes that are copied from band to band. */
  readonly copiedBytes: number;
}

interface Setting {
  readonly target: Target;
  readonly options: CompileOptions;
  readonly diagnostics: Diagnostics;
}

/**
 * The plan of a model in the RAM that was asked for; as it is when nothing was asked for, or when it fits.
 * @throws CompileError NC0404 when `ram` cannot be reached
 */
export function planWithin(
  whole: Planned,
  { target, options, diagnostics }: Setting,
): { program: Program; plan: MemoryPlan; bands?: Bands } {
  const budget = options.ram ?? options.maxRam;
  if (budget === undefined || whole.ram <= budget) return whole;
  const quiet = new Diagnostics();
  const fitted = fitInto(whole, budget, (graph) => planGraph(graph, { target, options }, quiet));
  if (fitted.ram > budget) {
    const problem = tooLarge(fitted, whole, budget);
    if (options.ram !== undefined) diagnostics.error(problem);
    // Where bands change nothing, the budget's own diagnostic says all.
    else if (fitted.regions.length > 0) diagnostics.warning(problem);
    diagnostics.throwIfErrors();
  }
  if (fitted.regions.length === 0) return whole;
  const { program, plan } = fitted;
  return { program, plan, bands: costOf(whole, fitted, budget) };
}

function costOf(whole: Planned, fitted: Fitted, budget: number): Bands {
  const of = (figure: (planned: Planned) => number): BeforeAfter => ({ before: figure(whole), after: figure(fitted) });
  const copied = fitted.lowered.calls.filter(({ node }) => node.attributes.apart === true);
  return {
    budget,
    regions: fitted.regions,
    ram: of(({ ram }) => ram),
    macs: of(({ plan }) => totalMacs(plan.calls)),
    calls: of(({ plan }) => plan.calls.length),
    functions: of(({ plan }) => new Set(plan.calls.map((call) => call.function)).size),
    copiedBytes: copied.reduce((sum, { node }) => sum + byteLength(fitted.graph.values.get(node.outputs[0]!)!), 0),
  };
}

function tooLarge(fitted: Fitted, whole: Planned, budget: number) {
  const { plan } = fitted;
  const node = plan.calls[plan.peak.step]?.node;
  const tensors = plan.peak.names.map((name) => `  ${grouped(plan.placements.get(name)?.bytes ?? 0)} "${name}"`);
  const bands = fitted.regions.length === 0 ? 'no chain of layers around it can run in bands' : 'with bands';
  return {
    code: 'NC0404',
    message: `the model does not fit into ${grouped(budget)} bytes of RAM; the least that was reached is ${grouped(fitted.ram)}`,
    ...(node === undefined ? {} : { node: `"${node.name}" (${node.op})` }),
    because: [`${bands}, the largest live set is ${grouped(plan.lowerBound)} bytes:`, ...tensors].join('\n'),
    help: `without bands it needs ${grouped(whole.ram)} bytes`,
  } as const;
}
