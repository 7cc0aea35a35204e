import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { CompileError, type Diagnostic, EXIT, fail } from '../diagnostics/diagnostic.js';
import type { QemuMachine, Target } from '../ir/target.js';
import type { Build } from '../toolchain/build.js';
import { withTemporaryFolder } from '../toolchain/temporary.js';

export interface RunLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** How a run ended, and what it had written by then. */
export interface Outcome {
  readonly response: Uint8Array;
  /** NC0702 timeout, NC0703 fault or wrong exit; absent when the program ended well. */
  readonly failure?: Diagnostic;
}

/** Runs a program that reads `stimulus.bin` and writes `response.bin` in its working directory. */
export interface Simulator {
  readonly name: string;
  /** Whether instruction counts are exact; without, they are absent. */
  readonly canCount: boolean;
  /** What a run does and does not prove, for reports. */
  readonly proves: string;
  /** @throws CompileError NC0701 not installed, NC0702 timeout, NC0703 fault or wrong exit */
  run(build: Build, stimulus: Uint8Array, limits: RunLimits): Promise<Uint8Array>;
  /** As `run`, but a program that fails is a result. @throws CompileError NC0701 not installed */
  attempt(build: Build, stimulus: Uint8Array, limits: RunLimits): Promise<Outcome>;
}

/** The simulator of a target: QEMU, or this computer for the host. */
export function simulatorFor(target: Target): Simulator {
  const { qemu } = target;
  if (qemu === undefined) {
    return simulator('host', false, 'results on this computer; no instruction counts', ['gcc'], (program) => [program]);
  }
  return simulator(
    `QEMU ${qemu.machine}`,
    true,
    'results and instruction counts; no pipeline, caches or wait states, so no cycles',
    qemu.debianPackages,
    (program) => [qemu.command, ...qemuArguments(qemu), '-kernel', program],
  );
}

/** The machine, counting instructions, with semihosting and without a screen; `-kernel` is left to the caller. */
export function qemuArguments({ machine, options, counter }: QemuMachine): string[] {
  const counting = ['-icount', `shift=${counter.shift ?? 0}`];
  const semihosting = ['-semihosting-config', 'enable=on,target=native'];
  return ['-M', machine, ...(options ?? []), ...counting, '-nographic', '-monitor', 'none', ...semihosting];
}

function simulator(
  name: string,
  canCount: boolean,
  proves: string,
  packages: readonly string[],
  command: (program: string) => readonly string[],
): Simulator {
  const attempt: Simulator['attempt'] = (build, stimulus, limits) =>
    runProgram(command(build.program), packages, stimulus, limits);
  return {
    name,
    canCount,
    proves,
    attempt,
    run: async (build, stimulus, limits) => {
      const { response, failure } = await attempt(build, stimulus, limits);
      if (failure !== undefined) throw new CompileError([failure], EXIT.failed);
      return response;
    },
  };
}

/** Lines of a program's output that a message shows. */
const SHOWN_LINES = 12;

async function runProgram(
  command: readonly string[],
  packages: readonly string[],
  stimulus: Uint8Array,
  limits: RunLimits,
): Promise<Outcome> {
  const { timeoutMs: timeout, signal } = limits;
  signal?.throwIfAborted();
  const [tool, ...args] = command;
  return withTemporaryFolder('nanoc-run-', async (cwd) => {
    await writeFile(join(cwd, 'stimulus.bin'), stimulus);
    const options = { cwd, timeout, reject: false, stdin: 'ignore', all: true, forceKillAfterDelay: 1000 } as const;
    const run = await execa(tool!, args, { ...options, ...(signal === undefined ? {} : { cancelSignal: signal }) });
    if (run.isCanceled) throw signal?.reason ?? new Error('cancelled');
    if (run.code === 'ENOENT') {
      const help = `on Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}`;
      fail({ code: 'NC0701', message: `${tool} is not installed`, help }, EXIT.missingTool);
    }
    const text = (run.all ?? '').trim();
    const said = text === '' ? {} : { because: text.split('\n').slice(0, SHOWN_LINES).join('\n') };
    const response = await readFile(join(cwd, 'response.bin')).catch(() => undefined);
    const ended = (code: 'NC0702' | 'NC0703', message: string): Outcome => ({
      response: response ?? new Uint8Array(),
      failure: { code, severity: 'error', message, ...said },
    });
    if (run.timedOut) return ended('NC0702', `the program did not end within ${timeout} ms`);
    if (run.failed) return ended('NC0703', `the program ended with ${run.signal ?? `exit code ${run.exitCode}`}`);
    if (response === undefined) return ended('NC0703', 'the program ended without a response');
    return { response: new Uint8Array(response) };
  });
}
