/** `--prove`: the calls of a compilation are proven on the target one by one, and wrong ones are replaced. */
import { type Command, Option } from 'commander';
import type { Compilation } from '../compilation.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { KernelCall } from '../ir/kernel-call.js';
import { shorten } from '../report/format.js';
import type { SimulatorChoice } from '../simulate/simulator.js';
import type { CallsVerification, Recompile, RouteOptions } from '../verify/calls/route.js';
import { compileJob } from './compile-job.js';
import { interruptible } from './interrupt.js';
import type { Job } from './job.js';
import { withProgress } from './progress.js';
import type { Session } from './session.js';

/** `known`: nothing is run; calls that were found wrong before, on this computer, are replaced. */
export const PROVE = ['vendor', 'all', 'known', 'off'] as const;
type Prove = (typeof PROVE)[number];

/** Columns of a node's name in a note. */
const NAME_WIDTH = 40;

export interface ProveFlags {
  readonly prove?: Prove;
}

/** @param fallback what is proven where the option is not given */
export function declareProve(command: Command, fallback: Prove): void {
  const option = new Option(
    '--prove <calls>',
    `calls that are proven one by one, and replaced where wrong (default: ${fallback})`,
  );
  command.addOption(option.choices(PROVE));
}

export interface ProvenJob {
  /** For the target itself; `onProof` makes it one that can be run. */
  readonly compilation: Compilation;
  /** Absent where nothing was proven, and nothing wrong is known. */
  readonly calls?: CallsVerification;
}

/** Compiles a job so that no call is left that was found to be wrong. */
export async function compileProven(
  session: Session,
  job: Job,
  target: string,
  which: Prove,
  simulator?: SimulatorChoice,
): Promise<ProvenJob> {
  const first = await compileJob(session, job, target);
  if (which === 'off') return { compilation: first };
  const { FaultStore } = await import('../verify/calls/fault-store.js');
  const faults = new FaultStore();
  const isDue = (call: KernelCall) =>
    which === 'all' || (which === 'vendor' && call.vendor !== undefined) || faults.has(call.function);
  if (!first.plan.calls.some(isDue)) return { compilation: first };
  const { onProof } = await import('../simulate/proof.js');
  let compilation = first;
  const recompile: Recompile = async (excluded) => {
    compilation = await compileJob(session, { ...job, options: { ...job.options, excluded } }, target);
    return onProof(compilation);
  };
  const runnable = await onProof(first);
  const proving = <T>(action: (options: RouteOptions) => Promise<T>) =>
    interruptible((signal) =>
      withProgress(session, `proving calls on ${target}`, (onProgress) =>
        action({ faults, signal, onProgress, ...(simulator === undefined ? {} : { simulator }) }),
      ),
    );
  const { proveAndReplace, proveThese, replaceKnown } = await import('../verify/calls/route.js');
  // What a board has was built by `nanoc build`, which leaves out what is known to be wrong, and is not built anew here.
  if (which === 'known' || simulator?.name === 'board') {
    const { compilation: without, calls } = await replaceKnown(runnable, recompile, faults);
    if (which !== 'known') {
      const proven = await proving((options) => proveThese(without, { ...options, which }));
      return { compilation, calls: { ...proven, replaced: calls.replaced } };
    }
    if (calls.passed && calls.replaced.length === 0) return { compilation };
    return { compilation: { ...compilation, diagnostics: [...compilation.diagnostics, noteOf(calls)] }, calls };
  }
  const { calls } = await proving((options) => proveAndReplace(runnable, recompile, { ...options, which }));
  return { compilation, calls };
}

/** The choice hangs on what this computer remembers: that is said. */
function noteOf({ replaced, calls }: CallsVerification): Diagnostic {
  const wrong = [...replaced, ...calls];
  return {
    code: 'NC0724',
    severity: replaced.length === wrong.length ? 'note' : 'error',
    message: `${wrong.length} ${wrong.length === 1 ? 'call was' : 'calls were'} found wrong before`,
    because: wrong.map(({ node, kernel }) => `"${shorten(node, NAME_WIDTH)}": ${kernel}`).join('\n'),
    help: 'nanoc verify proves it again, and forgets it when it is right',
  };
}
