/**
 * Running single calls of a call program. All words little-endian.
 *
 * Stimulus: magic, number of runs (u32 each); for each run the call's index, the byte that memory is filled with, bytes of memory,
 * number of inputs, then offset, bytes and data of each input.
 * Response: for each run its index (u32), ticks (u64), and all of the call's memory as the call left it. At the end the magic word.
 */
import { CompileError, type Diagnostic, EXIT } from '../diagnostics/diagnostic.js';
import { bytesOf, type Tensor } from '../ir/tensor.js';
import type { CallProgram } from './call-program.js';
import { instructionsOf } from './program.js';
import type { Damage } from './protocol.js';
import { mostInstructions, timeLimit } from './time-limit.js';

export interface CallRun {
  /** Index of the call in the program. */
  readonly call: number;
  /** Values that the call reads, other than constants. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Fills memory before the inputs are put there. */
  readonly filling: number;
}

/** What a run left, or how the program ended in it. */
export type CallOutcome =
  | {
      readonly memory: Uint8Array;
      /** Bytes outside of that memory that were changed, where all of the model's is there: on a board. */
      readonly damage?: Damage;
      /** To the grain of the counter; absent where the simulator cannot count. */
      readonly instructions?: number;
    }
  | { readonly failure: Diagnostic }
  /** Not run, since the same call has failed before. */
  | undefined;

const MAGIC = 0x434f4e4e;
/** Bytes of memory that one start of the simulator sends. */
const CHUNK_BYTES = 256 << 20;
/** Instructions of a run besides the call itself: its memory is filled, read and sent. */
const AROUND_A_CALL = 300_000;

/**
 * Runs calls, many in one start of the simulator. A run that faults or does not end is a result; other calls are run all the same.
 * @returns one outcome for each run
 * @throws CompileError NC0701, and NC0702 or NC0703 when the program fails outside of a call
 */
export async function runCallProgram(
  program: CallProgram,
  runs: readonly CallRun[],
  signal?: AbortSignal,
): Promise<CallOutcome[]> {
  const outcomes: CallOutcome[] = runs.map(() => undefined);
  const failed = new Set<number>();
  let due = runs.map((_, index) => index);
  while (due.length > 0) {
    const chunk = firstChunk(program, runs, due);
    const list = chunk.map((index) => runs[index]!);
    const limits = { timeoutMs: timeoutOf(program, list), ...(signal === undefined ? {} : { signal }) };
    const { response, failure } = await program.simulator.attempt(program.build, stimulusOf(program, list), limits);
    const { finished, started } = readResponse(program, list, response, (run, outcome) => {
      outcomes[chunk[run]!] = outcome;
    });
    const rest = due.slice(finished);
    if (failure === undefined && finished === list.length) {
      due = rest;
      continue;
    }
    const ended: Diagnostic = failure ?? { code: 'NC0703', severity: 'error', message: 'the response breaks off' };
    if (!started) throw new CompileError([ended], EXIT.failed);
    outcomes[rest[0]!] = { failure: ended };
    failed.add(runs[rest[0]!]!.call);
    due = rest.slice(1).filter((index) => !failed.has(runs[index]!.call));
  }
  return outcomes;
}

/** As many runs as their memory lets through, one at least. */
function firstChunk({ calls }: CallProgram, runs: readonly CallRun[], due: readonly number[]): number[] {
  let bytes = 0;
  const end = due.findIndex((index, at) => {
    bytes += calls[runs[index]!.call]!.layout.bytes;
    return at > 0 && bytes > CHUNK_BYTES;
  });
  return end < 0 ? [...due] : due.slice(0, end);
}

function timeoutOf({ calls, simulator }: CallProgram, runs: readonly CallRun[]): number {
  const macs = runs.reduce((sum, run) => sum + calls[run.call]!.call.macs, 0);
  return timeLimit(simulator, 1, runs.length * AROUND_A_CALL + mostInstructions(macs));
}

function stimulusOf({ calls }: CallProgram, runs: readonly CallRun[]): Uint8Array {
  const parts: Uint8Array[] = [words(MAGIC, runs.length)];
  for (const { call, inputs, filling } of runs) {
    const { layout } = calls[call]!;
    parts.push(words(call, filling, layout.bytes, inputs.size));
    for (const [name, tensor] of inputs) {
      const place = layout.buffers.get(name);
      const data = bytesOf(tensor.data);
      if (place?.bytes !== data.length) throw new Error(`invariant: "${name}" does not fit its place`);
      parts.push(words(place.offset, data.length), data);
    }
  }
  return Buffer.concat(parts);
}

function words(...list: number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * list.length);
  list.forEach((word, index) => {
    bytes.writeUInt32LE(word >>> 0, 4 * index);
  });
  return bytes;
}

/** Hands out what is complete; says how many runs are, and whether the next had begun. */
function readResponse(
  { calls, target, simulator }: CallProgram,
  runs: readonly CallRun[],
  response: Uint8Array,
  take: (run: number, outcome: CallOutcome) => void,
): { finished: number; started: boolean } {
  const view = new DataView(response.buffer, response.byteOffset, response.byteLength);
  let at = 0;
  for (const [index, run] of runs.entries()) {
    const { bytes } = calls[run.call]!.layout;
    if (at + 4 > response.length) return { finished: index, started: false };
    if (view.getUint32(at, true) !== index) throw new Error(`invariant: the response of run ${index} is out of order`);
    if (at + 12 + bytes > response.length) return { finished: index, started: true };
    const ticks = Number(view.getBigUint64(at + 4, true));
    const instructions = simulator.canCount ? instructionsOf(target, ticks) : undefined;
    const memory = response.subarray(at + 12, at + 12 + bytes);
    take(index, { memory, ...(instructions === undefined ? {} : { instructions }) });
    at += 12 + bytes;
  }
  return { finished: runs.length, started: false };
}
