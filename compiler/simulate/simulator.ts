import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import type { Target } from '../ir/target.js';
import type { Build } from '../toolchain/build.js';

export interface RunLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
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
}

/** The simulator of a target: QEMU, or this computer for the host. */
export function simulatorFor(target: Target): Simulator {
  const { qemu } = target;
  if (qemu === undefined) {
    return {
      name: 'host',
      canCount: false,
      proves: 'results on this computer; no instruction counts',
      run: (build, stimulus, limits) => runProgram([build.program], ['gcc'], stimulus, limits),
    };
  }
  const options = ['-M', qemu.machine, '-icount', 'shift=0', '-nographic', '-monitor', 'none'];
  const semihosting = ['-semihosting-config', 'enable=on,target=native'];
  return {
    name: `QEMU ${qemu.machine}`,
    canCount: true,
    proves: 'results and instruction counts; no pipeline, caches or wait states, so no cycles',
    run: (build, stimulus, limits) =>
      runProgram(
        [qemu.command, ...options, ...semihosting, '-kernel', build.program],
        qemu.debianPackages,
        stimulus,
        limits,
      ),
  };
}

async function runProgram(
  command: readonly string[],
  packages: readonly string[],
  stimulus: Uint8Array,
  limits: RunLimits,
) {
  const [tool, ...args] = command;
  const cwd = await mkdtemp(join(tmpdir(), 'nanoc-run-'));
  try {
    await writeFile(join(cwd, 'stimulus.bin'), stimulus);
    const { timeoutMs: timeout, signal } = limits;
    const options = { cwd, timeout, reject: false, stdin: 'ignore', all: true, forceKillAfterDelay: 1000 } as const;
    const run = await execa(tool!, args, { ...options, ...(signal === undefined ? {} : { cancelSignal: signal }) });
    if (run.isCanceled) throw signal?.reason ?? new Error('cancelled');
    if (run.code === 'ENOENT') {
      const help = `on Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}`;
      fail({ code: 'NC0701', message: `${tool} is not installed`, help }, EXIT.missingTool);
    }
    const last = (run.all ?? '').trim().split('\n').slice(-12).join('\n');
    if (run.timedOut) {
      fail({ code: 'NC0702', message: `the program did not end within ${timeout} ms`, because: last }, EXIT.failed);
    }
    if (run.failed) {
      fail(
        {
          code: 'NC0703',
          message: `the program ended with ${run.signal ?? `exit code ${run.exitCode}`}`,
          because: last,
        },
        EXIT.failed,
      );
    }
    return new Uint8Array(await readFile(join(cwd, 'response.bin')));
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
