/** A model built together with its harness, and running it: what `session.ts`, verification and measuring have in common. */
import { basename } from 'node:path';
import type { Compilation, EmittedFile } from '../compilation.js';
import { CompileError, type Diagnostic, EXIT, fail } from '../diagnostics/diagnostic.js';
import { emitLibrary } from '../index.js';
import { totalMacs } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { type Build, type BuildRequest, buildFirmware, simulatorSupport } from '../toolchain/build.js';
import { withTemporaryFolder } from '../toolchain/temporary.js';
import { linkedLibraries } from '../vendor/linked.js';
import { harnessSource } from './harness.js';
import { type MemoryLayout, memoryLayout } from './memory-layout.js';
import { decodeResponse, encodeStimulus, type Progress, progressOf, type Response, type Stimulus } from './protocol.js';
import type { RunOptions } from './run-result.js';
import { type Simulator, type SimulatorAbout, simulatorFor } from './simulator.js';
import { mostInstructions, timeLimit } from './time-limit.js';

export type ProgramOptions = Pick<RunOptions, 'directory' | 'simulator' | 'sanitize' | 'signal' | 'timeoutMs' | 'emit'>;

/** A model, ready to run with vectors. */
export interface DeviceProgram {
  readonly compilation: Compilation;
  readonly layout: MemoryLayout;
  readonly simulator: SimulatorAbout;
  /**
   * Sends a stimulus through the program. One that does not end, or ends with a fault, is reported with the layer that was running.
   * @throws CompileError NC07xx
   */
  readonly respond: (stimulus: Stimulus, options: ProgramOptions) => Promise<Response>;
}

/** A harness with its model in a simulator. */
interface Harness {
  readonly compilation: Compilation;
  readonly layout: MemoryLayout;
  readonly build: Build;
  readonly simulator: Simulator;
}

/** Folders that the C of a model needs on its include path. */
export const INCLUDE_DIRECTORIES = ['runtime/include'];

/** The emitted C and headers, without the example firmware and the startup code, which the build brings itself. */
export async function modelSources(compilation: Compilation, emit: RunOptions['emit']): Promise<EmittedFile[]> {
  const files = await (emit ?? emitLibrary)(compilation);
  const others = new Set(['main.c', ...compilation.target.startup.map((path) => basename(path))]);
  return files.filter((file) => /\.[ch]$/.test(file.path) && !others.has(file.path));
}

/** Builds the model with the harness, runs `action` with it, and removes the folder unless one was given; or takes the program of a board. */
export async function withProgram<T>(
  compilation: Compilation,
  options: ProgramOptions,
  action: (program: DeviceProgram) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted();
  if (options.simulator?.name === 'board') {
    const { withBoard } = await import('./board/run.js');
    return withBoard(compilation, options.simulator, options, action);
  }
  const layout = memoryLayout(compilation);
  const simulator = simulatorFor(compilation.target, options.simulator);
  const model = await modelSources(compilation, options.emit);
  return withFolder(options.directory, async (directory) => {
    const build = await buildHarness(simulator, {
      files: [...model, { path: 'harness.c', content: harnessSource(compilation, layout) }],
      target: compilation.target,
      directory,
      libraries: linkedLibraries(compilation),
      ...(options.sanitize === undefined ? {} : { sanitize: options.sanitize }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const harness = { compilation, layout, build, simulator };
    return action({ compilation, layout, simulator, respond: (stimulus, run) => runHarness(harness, stimulus, run) });
  });
}

/**
 * Builds a program for a simulator, with the part that the simulator brings.
 * @throws CompileError NC0705 when the program is larger than the simulated chip, else as `buildFirmware`
 */
export async function buildHarness(
  simulator: Simulator,
  request: Omit<BuildRequest, 'linkerScript' | 'includeDirectories'>,
): Promise<Build> {
  const files = [...request.files, ...(await simulatorSupport(simulator))];
  const { linkerScript } = simulator;
  try {
    return await buildFirmware({
      ...{ ...request, files, includeDirectories: INCLUDE_DIRECTORIES },
      ...(linkerScript === undefined ? {} : { linkerScript }),
    });
  } catch (error) {
    const because = error instanceof CompileError ? error.diagnostics[0]?.because : undefined;
    if (because === undefined || !/overflowed|will not fit/.test(because)) throw error;
    return fail({
      code: 'NC0705',
      message: `the test program does not fit into ${simulator.name}`,
      because,
      help: 'it holds more than the firmware, which may fit: see `nanoc build`',
    });
  }
}

/** Runs `action` in the given folder, or in a temporary one that is removed whatever happens. */
export async function withFolder<T>(given: string | undefined, action: (folder: string) => Promise<T>): Promise<T> {
  return given === undefined ? withTemporaryFolder('nanoc-build-', action) : action(given);
}

/** Where the mode does not tell which layer was running, the vectors are run once more layer by layer. @throws CompileError NC0701, NC0702 or NC0703 */
async function runHarness(program: Harness, stimulus: Stimulus, options: ProgramOptions): Promise<Response> {
  const limits = {
    timeoutMs: options.timeoutMs ?? defaultTimeout(program, stimulus),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const bytes = encodeStimulus(stimulus, program.layout);
  const { response, failure } = await program.simulator.attempt(program.build, bytes, limits);
  if (failure === undefined) return decodeResponse(response, stimulus, program.layout);
  if (stimulus.mode === 'profile' || stimulus.mode === 'verify') {
    throw failed(failure, program, progressOf(response, stimulus, program.layout));
  }
  const steps: Stimulus = { ...stimulus, mode: 'profile' };
  const again = await program.simulator.attempt(program.build, encodeStimulus(steps, program.layout), limits);
  if (again.failure === undefined) {
    const note = 'run layer by layer, the same vectors end well';
    throw failed({ ...failure, because: [failure.because, note].filter(Boolean).join('\n') }, program, undefined);
  }
  throw failed(again.failure, program, progressOf(again.response, steps, program.layout));
}

function failed(failure: Diagnostic, program: Harness, progress: Progress | undefined): CompileError {
  if (progress === undefined) return new CompileError([failure], EXIT.failed);
  const { vector, step } = progress;
  const calls = program.compilation.plan.calls;
  const call = step === undefined ? undefined : calls[step];
  const node =
    call === undefined
      ? `vector ${vector + 1}`
      : `"${call.node.name}" (${call.node.op}, ${call.function}), step ${step! + 1} of ${calls.length}, vector ${vector + 1}`;
  return new CompileError([{ ...failure, node }], EXIT.failed);
}

function defaultTimeout({ compilation, simulator }: Harness, { vectors }: Stimulus): number {
  return timeLimit(simulator, vectors.length, vectors.length * mostInstructions(totalMacs(compilation.plan.calls)));
}

/** Instructions of a number of ticks, or undefined where the simulator cannot count. */
export function instructionsOf(target: Target, ticks: number): number | undefined {
  const counter = target.qemu?.counter;
  return counter === undefined ? undefined : Math.round(ticks * counter.instructionsPerTick);
}
