/**
 * Running a model on its target with sound: the loop is the generated C (`<name>_audio_push`), given a stride at a time.
 *
 * Stimulus: number of samples (u32), samples (i16 each).
 * Response: for each inference samples so far (u32), outputs; 0 (u32); ticks of the front end alone, of all, and of the longest call (u64 each).
 */
import type { Compilation } from '../compilation.js';
import { valueOf } from '../ir/graph.js';
import { totalMacs } from '../ir/kernel-call.js';
import { byteLength, fromBytes, type Tensor } from '../ir/tensor.js';
import { makeContext } from '../phases/6-emit/context.js';
import { ctypeOfDtype } from '../phases/6-emit/ports.js';
import { linkedLibraries } from '../vendor/linked.js';
import { simulatedProgram, worldView } from './harness.js';
import { runOnce } from './once.js';
import { instructionsOf, modelSources } from './program.js';
import { type SimulatorAbout, type SimulatorChoice, simulatorFor } from './simulator.js';
import { mostInstructions, timeLimit } from './time-limit.js';

export interface HearingRequest {
  readonly samples: Int16Array;
  readonly simulator?: SimulatorChoice;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Heard {
  /** Samples that had been taken when the model ran. */
  readonly samples: number;
  /** By name, without states. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

export interface Hearing {
  readonly frames: number;
  /** How often the model ran. */
  readonly runs: number;
  /** Without those before outputs are valid. */
  readonly inferences: readonly Heard[];
  /** Absent where the simulator cannot count. */
  readonly instructions?: {
    /** Of the front end for all frames, and of all: front end, model, and what is between. */
    readonly frontEnd: number;
    readonly all: number;
    /** Of the call that took most: what has to be done within a stride. */
    readonly most: number;
  };
  readonly simulator: { readonly name: string; readonly proves: string };
}

/** @throws CompileError NC06xx, NC07xx; Error when the model was compiled without a front end */
export async function runHearing(compilation: Compilation, request: HearingRequest): Promise<Hearing> {
  const { target, audio, name } = compilation;
  if (audio === undefined) throw new Error('the model was compiled without a front end');
  const simulator = simulatorFor(target, request.simulator);
  const context = makeContext(compilation);
  const outputs = context.outputs.map(({ stem, value }) => ({ stem, bytes: byteLength(value), value }));
  const view = {
    ...{ name, macro: name.toUpperCase(), outputs, ...worldView(target) },
    rowType: audio.quantization === undefined ? ctypeOfDtype('float32') : ctypeOfDtype('int8'),
  };
  const files = [
    ...(await modelSources(compilation, undefined)),
    { path: 'hearing.c', content: simulatedProgram('hearing.c.hbs', view) },
  ];
  const response = await runOnce(
    { simulator, target, files, libraries: linkedLibraries(compilation) },
    stimulusOf(request.samples),
    {
      timeoutMs: request.timeoutMs ?? timeoutOf(compilation, request.samples.length, simulator),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    },
  );
  const { inferences, ticks } = readResponse(response, compilation, outputs);
  const { windowSize, stride } = audio.frontEnd;
  const frames = Math.max(0, 1 + Math.floor((request.samples.length - windowSize) / stride));
  const runs = frames < audio.rows ? 0 : 1 + Math.floor((frames - audio.rows) / audio.step);
  const count = (each: number) => instructionsOf(target, each)!;
  return {
    ...{ frames, runs, inferences, simulator: { name: simulator.name, proves: simulator.proves } },
    ...(simulator.canCount
      ? { instructions: { frontEnd: count(ticks[0]!), all: count(ticks[1]!), most: count(ticks[2]!) } }
      : {}),
  };
}

/** More instructions than the front end, of which there are two, takes for a point of its transform. */
const SLOWEST_POINT = 2000;

function timeoutOf({ plan, audio }: Compilation, samples: number, simulator: SimulatorAbout): number {
  const { frontEnd, step } = audio!;
  const frames = samples / frontEnd.stride;
  const work = frames * frontEnd.fftSize * SLOWEST_POINT + (frames / step) * mostInstructions(totalMacs(plan.calls));
  return timeLimit(simulator, 1, work);
}

function stimulusOf(samples: Int16Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(samples.length);
  return Buffer.concat([head, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)]);
}

function readResponse(
  response: Uint8Array,
  { program }: Compilation,
  outputs: readonly { readonly bytes: number; readonly value: { readonly name: string } }[],
): { inferences: Heard[]; ticks: number[] } {
  const buffer = Buffer.from(response);
  const inferences: Heard[] = [];
  let at = 0;
  const take = (bytes: number) => buffer.subarray(at, (at += bytes));
  for (let samples = take(4).readUInt32LE(); samples !== 0; samples = take(4).readUInt32LE()) {
    const tensors = outputs.map(({ bytes, value }): [string, Tensor] => {
      const { name, dtype, shape } = valueOf(program.graph, value.name);
      return [name, { dtype, shape, data: fromBytes(dtype, take(bytes)) }];
    });
    inferences.push({ samples, outputs: new Map(tensors) });
  }
  return { inferences, ticks: [0, 1, 2].map(() => Number(take(8).readBigUInt64LE())) };
}
