/** What `run` and `verify` execute a program on. */
import { type Command, Option } from 'commander';
import { fail } from '../diagnostics/diagnostic.js';
import { SIMULATORS, type SimulatorName } from '../ir/target.js';
import { proofTarget } from '../simulate/proof.js';
import type { RunOptions } from '../simulate/run-result.js';
import { simulatorFor } from '../simulate/simulator.js';
import { loadTarget } from '../targets.js';
import type { Job } from './job.js';
import { wholeNumber } from './options.js';

export interface SimulatorFlags {
  readonly sim?: SimulatorName;
  readonly port?: string;
  readonly baud?: number;
}

const BAUD = 115_200;

export function declareSimulator(command: Command): void {
  command.addOption(
    new Option('--sim <name>', 'what runs it (default: the first that nanoc targets names)').choices(SIMULATORS),
  );
  command.option('--port <path>', 'serial port of the board, with --sim board');
  command.option('--baud <rate>', `bits a second on it (default: ${BAUD})`, wholeNumber(1));
}

/** The choice as `runModel` and `verifyModel` take it. @throws CompileError NC0707 for a board without a port */
export function simulatorChoice({ sim, port, baud = BAUD }: SimulatorFlags): Pick<RunOptions, 'simulator'> {
  if (sim === undefined) return {};
  if (sim !== 'board') return { simulator: { name: sim } };
  if (port === undefined) {
    fail({
      code: 'NC0707',
      message: '--sim board needs the serial port of the board',
      help: 'give --port, e.g. --port /dev/ttyUSB0',
    });
  }
  return { simulator: { name: sim, port, baud } };
}

/** The job as it is compiled for the chosen simulator. @throws CompileError NC0706 when the target has no such simulator */
export async function simulatedJob(job: Job, target: string, { sim }: SimulatorFlags): Promise<Job> {
  if (sim === undefined) return job;
  if (sim !== 'board') simulatorFor(await proofTarget(await loadTarget(target), sim), { name: sim });
  return { ...job, options: { ...job.options, simulator: sim } };
}
