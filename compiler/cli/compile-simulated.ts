/** A job compiled as it is run: for the simulator that is asked for, on the target that runs the C of its own. */
import type { Compilation } from '../compilation.js';
import { compileJob } from './compile-job.js';
import type { Job } from './job.js';
import type { Session } from './session.js';
import { type SimulatorFlags, simulatedJob } from './simulator-options.js';

/** @throws CompileError NC0706 when the target has no such simulator, and what `compile` throws */
export async function compileSimulated(
  session: Session,
  job: Job,
  target: string,
  flags: SimulatorFlags,
): Promise<Compilation> {
  const { onProof } = await import('../simulate/proof.js');
  return onProof(await compileJob(session, await simulatedJob(job, target, flags), target));
}
