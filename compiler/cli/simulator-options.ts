/** What `run` and `verify` execute a program on. */
import { type Command, Option } from 'commander';
import { SIMULATORS, type SimulatorName } from '../ir/target.js';
import { proofTarget } from '../simulate/proof.js';
import type { RunOptions } from '../simulate/run-result.js';
import { simulatorFor } from '../simulate/simulator.js';
import { loadTarget } from '../targets.js';
import type { Job } from './job.js';

export interface SimulatorFlags {
  readonly sim?: SimulatorName;
}

export function declareSimulator(command: Command): void {
  command.addOption(
    new Option('--sim <name>', 'what runs it (default: the first that nanoc targets names)').choices(SIMULATORS),
  );
}

/** The choice as `runModel` and `verifyModel` take it. */
export function simulatorChoice({ sim }: SimulatorFlags): Pick<RunOptions, 'simulator'> {
  return sim === undefined ? {} : { simulator: { name: sim } };
}

/** The job as it is compiled for the chosen simulator. @throws CompileError NC0706 when the target has no such simulator */
export async function simulatedJob(job: Job, target: string, { sim }: SimulatorFlags): Promise<Job> {
  if (sim === undefined) return job;
  simulatorFor(await proofTarget(await loadTarget(target)), { name: sim });
  return { ...job, options: { ...job.options, simulator: sim } };
}
