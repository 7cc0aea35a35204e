/**
 * Kernels against the arena. The lists of the operators begin with the fastest kernel, whatever scratch it takes and however far its
 * output must lie from its input. Where that makes the largest live set, one that needs less room is taken instead, if it gives more than it costs.
 */
import type { CompileOptions } from '../compilation.js';
import type { ExcludedKernel } from '../ir/excluded.js';
import type { KernelCall, Program } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { alternativesOf } from '../phases/4-lower/index.js';
import { grouped } from '../report/format.js';
import { loadsOf, type StepLoad } from './loads.js';

/** A part of the arena is worth this many times the same part of all instructions: 1 % of the bytes for up to 3.5 %. */
const WORTH = 3.5;

/** And never more than this part of all instructions, however small the arena gets: a step of a stream is called often. */
const MOST_COST = 1 / 5;

/** Layers that are looked at: each takes some sketches of the live sets. */
const MOST_LAYERS = 16;

interface Exchange extends ExcludedKernel {
  /** Of all layers that were exchanged so far, this one included: part of the arena less part of the instructions, weighed. */
  readonly gain: number;
}

/**
 * Kernels to leave out of a lowering, the reasons with them.
 * @param lowered what was lowered without
 */
export function kernelsTooLarge(lowered: Program, target: Target, options: CompileOptions): readonly ExcludedKernel[] {
  const instructions = predictedOf(lowered);
  const before = loadsOf(lowered);
  const largest = peakOf(before.steps, before.atStart);
  const exchanges: Exchange[] = [];
  let [program, loads, spent] = [lowered, before, 0];
  while (exchanges.length < MOST_LAYERS) {
    const peak = peakOf(loads.steps, loads.atStart);
    const hot = loads.steps.find(({ during }) => during === peak);
    const call = program.calls.find(({ node }) => node === hot?.node);
    const next = hot === undefined || call === undefined ? undefined : leaner(program, call, hot, target, options);
    if (next === undefined) break;
    spent += next.instructions;
    [program, loads] = [next.program, loadsOf(next.program)];
    const saved = largest - peakOf(loads.steps, loads.atStart);
    exchanges.push({
      output: call!.node.outputs[0]!,
      kernel: call!.function,
      because: `${next.call.function} takes ${grouped(next.saved)} B less where the arena is fullest`,
      gain: spent > MOST_COST * instructions ? 0 : (WORTH * saved) / largest - spent / instructions,
    });
  }
  // Layers of equal size make the arena smaller only when all of them are exchanged.
  const best = Math.max(...exchanges.map(({ gain }) => gain));
  return best > 0 ? exchanges.slice(0, exchanges.findIndex(({ gain }) => gain === best) + 1) : [];
}

/** Whether the plans keep what the live sets promised: addresses may cost what was saved. */
export function isWorthIt(fast: LeanPlan, lean: LeanPlan): boolean {
  const instructions = predictedOf(fast.lowered);
  return (WORTH * (fast.ram - lean.ram)) / fast.ram > (predictedOf(lean.lowered) - instructions) / instructions;
}

interface LeanPlan {
  readonly lowered: Program;
  /** Bytes. */
  readonly ram: number;
}

function predictedOf({ calls }: Program): number {
  return calls.reduce((sum, { predicted }) => sum + (predicted?.instructions ?? 0), 0);
}

function peakOf(steps: readonly StepLoad[], atStart: number): number {
  return steps.reduce((peak, { during }) => Math.max(peak, during), atStart);
}

interface Leaner {
  readonly program: Program;
  readonly call: KernelCall;
  /** Bytes of the live set in the call's step. */
  readonly saved: number;
  /** More than the call took. */
  readonly instructions: number;
}

/** The kernel with the best exchange for the step with the largest live set, or undefined. */
function leaner(
  program: Program,
  call: KernelCall,
  { node, during }: StepLoad,
  target: Target,
  options: CompileOptions,
): Leaner | undefined {
  const { predicted, guards } = call;
  const isMeasured = options.tune?.some(({ output }) => node.outputs.includes(output));
  if (predicted === undefined || guards !== undefined || isMeasured || !needsRoom(call)) return undefined;
  const found = alternativesOf(call, program.graph, target, options).flatMap((other): Leaner[] => {
    // What no formula knows may take any number of instructions.
    if (other.predicted === undefined) return [];
    const exchanged = { ...program, calls: program.calls.map((each) => (each === call ? other : each)) };
    const saved = during - loadsOf(exchanged).steps.find((step) => step.node === node)!.during;
    const instructions = other.predicted.instructions - predicted.instructions;
    return saved > 0 ? [{ program: exchanged, call: other, saved, instructions }] : [];
  });
  return found.reduce<Leaner | undefined>((best, each) => {
    const isBetter = best === undefined || each.instructions / each.saved < best.instructions / best.saved;
    return isBetter ? each : best;
  }, undefined);
}

function needsRoom({ scratch, overlaps }: KernelCall): boolean {
  return scratch !== undefined || overlaps.some(({ lead }) => lead > 0);
}
