/** The simulators that run a program of a target, behind one interface. */
import { basename } from 'node:path';
import { CompileError, type Diagnostic, EXIT, fail } from '../diagnostics/diagnostic.js';
import type { QemuMachine, SimulatorName, Target } from '../ir/target.js';
import type { Build } from '../toolchain/build.js';
import { aptInstall, onDebian } from '../toolchain/kit.js';
import { labwiredCommand } from './labwired.js';
import { runProcess, type SimulatorCommand } from './process.js';
import { renodeCommand } from './renode.js';

/** What `--sim` chooses. */
export type SimulatorChoice = BoardChoice | { readonly name: Exclude<SimulatorName, 'board'> };

/** A board on a serial line. */
export interface BoardChoice {
  readonly name: 'board';
  /** Path of the port, `/dev/ttyUSB0`. */
  readonly port: string;
  /** Bits a second. */
  readonly baud: number;
}

export interface RunLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** What the program prints, as it comes. */
  readonly onText?: (text: string) => void;
}

/** How a run ended, and what it had written by then. */
export interface Outcome {
  readonly response: Uint8Array;
  /** NC0702 timeout, NC0703 fault or wrong exit; absent when the program ended well. */
  readonly failure?: Diagnostic;
}

/** What reports say of where a program runs. */
export interface SimulatorAbout {
  readonly name: string;
  /** Whether instruction counts are exact; without, they are absent. */
  readonly canCount: boolean;
  /** What a run does and does not prove, for reports. */
  readonly proves: string;
  /** Instructions a second on a slow computer. */
  readonly slowest: number;
}

/** Runs a program that reads `stimulus.bin` and writes `response.bin` by what its `simulated.h` asks for. */
export interface Simulator extends SimulatorAbout {
  /** Package-relative paths of its `simulated.h` and of what that includes; absent for the host. */
  readonly support?: readonly string[];
  /** Package-relative path, where its memories are not the target's. */
  readonly linkerScript?: string;
  /** @throws CompileError NC0701 not installed, NC0702 timeout, NC0703 fault or wrong exit */
  run(build: Build, stimulus: Uint8Array, limits: RunLimits): Promise<Uint8Array>;
  /** As `run`, but a program that fails is a result. @throws CompileError NC0701 not installed */
  attempt(build: Build, stimulus: Uint8Array, limits: RunLimits): Promise<Outcome>;
}

/** Instructions a second of the fastest kind, QEMU and the host, on a slow computer. */
export const FASTEST_SIMULATOR = 30e6;

/** Names of the simulators that a target has, the default first; none for the host, which runs programs itself. */
export function simulatorsOf({ qemu, labwired, renode }: Target): Exclude<SimulatorName, 'board'>[] {
  return [
    ...(qemu === undefined ? [] : (['qemu'] as const)),
    ...(labwired === undefined ? [] : (['labwired'] as const)),
    ...(renode === undefined ? [] : (['renode'] as const)),
  ];
}

/**
 * The simulator of a target: the chosen one, or the first that it has; this computer for the host.
 * @throws CompileError NC0706 when the target has no such simulator
 */
export function simulatorFor(target: Target, choice?: SimulatorChoice): Simulator {
  if (choice?.name === 'board') {
    return fail({
      code: 'NC0706',
      message: 'this is not run on a board',
      because: 'boards run vectors, without --text, --photo and --sound',
    });
  }
  const has = simulatorsOf(target);
  const name = choice?.name ?? has[0];
  if (name !== undefined && !has.includes(name)) {
    fail({
      code: 'NC0706',
      message: `${target.name} is not simulated by ${name}`,
      because: has.length === 0 ? 'its programs run directly' : `it is simulated by ${has.join(' and ')}`,
      help: '`nanoc targets` lists the simulators of every target',
    });
  }
  if (name === 'labwired') return labwired(target);
  if (name === 'renode') return renode(target);
  return name === 'qemu' ? qemu(target.qemu!) : host();
}

/** What runs the vectors of a model: as `simulatorFor`, or a board. */
export function describeSimulator(target: Target, choice?: SimulatorChoice): SimulatorAbout {
  return choice?.name === 'board' ? boardAbout(choice) : simulatorFor(target, choice);
}

export function boardAbout({ port }: BoardChoice): SimulatorAbout {
  return {
    name: `board at ${port}`,
    canCount: false,
    proves: 'results on the chip itself, with the program that is flashed there; nothing is counted',
    slowest: 10e6,
  };
}

function host(): Simulator {
  const about = {
    name: 'host',
    canCount: false,
    proves: 'results on this computer; no instruction counts',
    slowest: FASTEST_SIMULATOR,
  };
  return simulator(about, (program) => ({ command: [program], tool: program, install: onDebian(aptInstall(['gcc'])) }));
}

function qemu(machine: QemuMachine): Simulator {
  const { command: tool, support, linkerScript } = machine;
  const about = {
    name: `QEMU ${machine.machine}`,
    canCount: true,
    proves: 'results and instruction counts; no pipeline, caches or wait states, so no cycles',
    slowest: FASTEST_SIMULATOR,
    support,
    ...(linkerScript === undefined ? {} : { linkerScript }),
  };
  const install = onDebian(aptInstall(machine.debianPackages));
  return simulator(about, (program) => ({
    command: [tool, ...qemuArguments(machine), '-kernel', program],
    tool,
    install,
  }));
}

function labwired(target: Target): Simulator {
  const chip = target.labwired!;
  const code = chip.executes?.description ?? 'the very code of the firmware';
  const about = {
    name: `labwired ${chip.chip}`,
    canCount: false,
    proves: `results of ${code} on the chip's memory map; no instruction counts: its cycles are a model of its own`,
    slowest: 1e6,
    support: chip.support,
    ...(chip.linkerScript === undefined ? {} : { linkerScript: chip.linkerScript }),
  };
  return simulator(about, (program) => labwiredCommand(chip, program));
}

function renode(target: Target): Simulator {
  const { platform, support } = target.renode!;
  const about = {
    name: `Renode ${basename(platform, '.repl')}`,
    canCount: false,
    proves:
      "results of the very code of the firmware on the chip's memory map; no instruction counts: Renode has no exact ones",
    slowest: 5e6,
    support,
  };
  return simulator(about, (program, limits) => renodeCommand(target, program, limits));
}

/** The machine, counting instructions, with semihosting and without a screen; `-kernel` is left to the caller. */
export function qemuArguments({ machine, options, counter }: QemuMachine): string[] {
  const counting = ['-icount', `shift=${counter.shift ?? 0}`];
  const semihosting = ['-semihosting-config', 'enable=on,target=native'];
  return ['-M', machine, ...(options ?? []), ...counting, '-nographic', '-monitor', 'none', ...semihosting];
}

function simulator(
  about: Omit<Simulator, 'attempt' | 'run'>,
  command: (program: string, limits: RunLimits) => SimulatorCommand,
): Simulator {
  const attempt: Simulator['attempt'] = (build, stimulus, limits) =>
    runProcess(command(build.program, limits), stimulus, limits);
  return {
    ...about,
    attempt,
    run: async (build, stimulus, limits) => {
      const { response, failure } = await attempt(build, stimulus, limits);
      if (failure !== undefined) throw new CompileError([failure], EXIT.failed);
      return response;
    },
  };
}
