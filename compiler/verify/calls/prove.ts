/**
 * Proof of single calls: each runs on the target by itself, with its real parameters and constants and its buffers aligned as the plan
 * aligns them, and must give the reference's bytes and leave all other memory as it was.
 */
import { setImmediate } from 'node:timers/promises';
import type { Compilation } from '../../compilation.js';
import { CompileError } from '../../diagnostics/diagnostic.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { type CallProgram, withCallProgram } from '../../simulate/call-program.js';
import { runCallProgram } from '../../simulate/call-run.js';
import { proofTarget } from '../../simulate/proof.js';
import type { SimulatorChoice } from '../../simulate/simulator.js';
import type { CallFault, CallTrial } from './fault.js';
import type { FaultStore } from './fault-store.js';
import { type Item, itemOf } from './item.js';
import { proveOnBoard } from './on-board.js';
import { trialsOf, verdictOn } from './trials.js';

export type CallVerdict =
  /** `instructions`: the most that a run took, where the simulator counts. */
  | { readonly verdict: 'proven'; readonly runs: number; readonly instructions?: number }
  | { readonly verdict: 'wrong'; readonly fault: CallFault; readonly instructions?: number }
  | { readonly verdict: 'not proven here'; readonly because: string };

export type CallProof = CallVerdict & {
  /** First output of the call's node. */
  readonly output: string;
  readonly node: string;
  readonly op: string;
  readonly kernel: string;
  readonly family: KernelCall['family'];
};

export interface ProveOptions {
  /** Which calls are proven; those of vendors' kernels by default. */
  readonly wanted?: (call: KernelCall) => boolean;
  /** What runs them, where it is not the first that the target has. */
  readonly simulator?: SimulatorChoice;
  /** Verdicts by what they depend on: filled here, so that another compilation of the model proves only what changed. */
  readonly known?: Map<string, CallVerdict>;
  /** Takes what was found, and loses what is right now. */
  readonly faults?: FaultStore;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** Whether a call is made by a library of a vendor. */
export function isVendorCall({ vendor }: KernelCall): boolean {
  return vendor !== undefined;
}

/** Memory of runs that is kept at a time, bytes. */
const BATCH_BYTES = 64 << 20;

/**
 * The verdict on each wanted call, in the order of the plan.
 * @throws CompileError NC0601, NC0602, NC0613 or NC0701 when nothing can be built or run; what a call does wrong is a verdict
 */
export async function proveCalls(compilation: Compilation, options: ProveOptions = {}): Promise<CallProof[]> {
  const { wanted = isVendorCall, known = new Map<string, CallVerdict>() } = options;
  const keyed = await asHashed(compilation);
  const items = compilation.plan.calls.filter(wanted).map((call) => itemOf(keyed, unguarded(call)));
  const due = items.filter(({ key }) => key !== undefined && !known.has(key));
  if (due.length > 0) {
    if (options.simulator?.name === 'board') await proveOnBoard(compilation, due, known, options.simulator, options);
    else await proveItems(compilation, due, known, options);
    for (const { call, key } of due) {
      options.faults?.keep(compilation, call, key!, onChip(compilation, call, known.get(key!)!));
    }
  }
  return items.map(({ call, key, verdict }) => ({
    ...identityOf(call),
    ...(verdict ?? onChip(compilation, call, known.get(key!)!)),
  }));
}

/** Of the calls of a compilation those that were found wrong before, on this computer. */
export async function knownFaults(compilation: Compilation, faults: FaultStore): Promise<CallProof[]> {
  const keyed = await asHashed(compilation);
  return compilation.plan.calls.flatMap((call) => {
    if (!faults.has(call.function)) return [];
    const { key } = itemOf(keyed, unguarded(call));
    const verdict = key === undefined ? undefined : faults.find(call.function, key);
    return verdict === undefined ? [] : [{ ...identityOf(call), ...verdict }];
  });
}

/** What is found on a board is known to a build, which hashes the call for the target that stands for the chip. */
async function asHashed(compilation: Compilation): Promise<Compilation> {
  if (compilation.options.simulator !== 'board') return compilation;
  return { ...compilation, target: await proofTarget(compilation.target) };
}

/** By itself a call is made always. */
function unguarded({ guards: _, ...call }: KernelCall): KernelCall {
  return call;
}

function identityOf({ node, function: kernel, family }: KernelCall) {
  return { output: node.outputs[0]!, node: node.name, op: node.op, kernel, family };
}

/** In one program, or in halves where that is too large for the chip. */
async function proveItems(
  compilation: Compilation,
  items: readonly Item[],
  known: Map<string, CallVerdict>,
  options: ProveOptions,
): Promise<void> {
  try {
    await proveTogether(compilation, items, known, options);
  } catch (error) {
    const tooLarge = error instanceof CompileError && error.diagnostics.find(({ code }) => code === 'NC0705');
    if (!tooLarge) throw error;
    const [first] = items;
    if (items.length === 1) known.set(first!.key!, { verdict: 'not proven here', because: tooLarge.message });
    const half = items.length >> 1;
    for (const part of items.length === 1 ? [] : [items.slice(0, half), items.slice(half)]) {
      await proveItems(compilation, part, known, options);
    }
  }
}

async function proveTogether(
  { target, options: { libraries = [] } }: Compilation,
  items: readonly Item[],
  known: Map<string, CallVerdict>,
  { simulator, signal, onProgress }: ProveOptions,
): Promise<void> {
  const placed = items.map((item) => item.placed!);
  onProgress?.(`building ${placed.length} calls`);
  const chosen = simulator === undefined ? {} : { simulator };
  const limits = signal === undefined ? {} : { signal };
  await withCallProgram(placed, { target, libraries, ...chosen, ...limits }, async (program) => {
    for (let from = 0; from < items.length; ) {
      onProgress?.(`proving call ${from + 1} of ${items.length}`);
      // Lets an abort through.
      await setImmediate();
      signal?.throwIfAborted();
      const trials: CallTrial[][] = [];
      let bytes = 0;
      while (from + trials.length < items.length && (trials.length === 0 || bytes < BATCH_BYTES)) {
        const list = trialsOf(placed[from + trials.length]!);
        bytes += list.length * list[0]!.layout.bytes;
        trials.push(list);
      }
      const verdicts = await runTrials(program, trials, from, signal);
      verdicts.forEach((verdict, index) => {
        known.set(items[from + index]!.key!, verdict);
      });
      from += trials.length;
    }
  });
}

async function runTrials(
  program: CallProgram,
  trials: readonly (readonly CallTrial[])[],
  from: number,
  signal: AbortSignal | undefined,
): Promise<CallVerdict[]> {
  const runs = trials.flatMap((list, index) =>
    list.map(({ inputs, filling }) => ({ call: from + index, inputs, filling })),
  );
  const outcomes = await runCallProgram(program, runs, signal);
  let at = 0;
  return trials.map((list) => {
    const verdict = verdictOn(list, outcomes.slice(at, at + list.length));
    at += list.length;
    return verdict;
  });
}

/** What is right here does not prove kernels for the vectors of the chip: a library's other ones, or what has a C twin here. */
function onChip({ target, options }: Compilation, call: KernelCall, verdict: CallVerdict): CallVerdict {
  const { proof } = target;
  const hasOthers = proof !== undefined && proof.runsVectors !== true && target.features.includes('pie');
  const runsOthers = options.simulator !== 'board' && hasOthers && (isVendorCall(call) || call.hasVectors === true);
  if (verdict.verdict !== 'proven' || !runsOthers) return verdict;
  return { verdict: 'not proven here', because: proof.leavesOut };
}
