/**
 * The bytes between nanoc and the harness (templates/harness.c.hbs); all words little-endian.
 *
 * Stimulus: magic, mode, poison byte, number of vectors, 1 if a state follows (u32 each); the state; the inputs of each vector.
 * Response: for each vector a mark (u32 0xffffffff), then by mode
 *   run      ticks (u64)
 *   profile  for each step its index (u32), ticks (u64)
 *   verify   for each step its index (u32), ticks (u64), damage (5 u32: count, region, offset, expected, got), the written bytes
 *   stack    bytes of stack (u32)
 * and the outputs. At the end the state and the magic word.
 * Marks go out before the work that they announce, so that a response that breaks off tells where.
 */
import { bytesOf, type Tensor } from '../ir/tensor.js';
import type { MemoryLayout } from './memory-layout.js';
import type { Vector } from './run-result.js';
import type { Span } from './spans.js';

export type HarnessMode = 'run' | 'profile' | 'verify' | 'stack';

const MODES: Readonly<Record<HarnessMode, number>> = { run: 0, profile: 1, verify: 2, stack: 3 };
const MAGIC = 0x434f4e4e;
const VECTOR_MARK = 0xffffffff;

export interface Stimulus {
  readonly mode: HarnessMode;
  readonly vectors: readonly Vector[];
  /** Fills dead memory in mode `verify`. */
  readonly poison?: number;
  readonly state?: Uint8Array;
}

/** What a step changed outside its own buffers. */
export interface Damage {
  readonly count: number;
  readonly region: 'arena' | 'state' | 'outside';
  readonly offset: number;
  readonly expected: number;
  readonly got: number;
}

export interface StepRecord {
  readonly ticks: number;
  readonly damage?: Damage;
  /** Bytes of the step's `sent` spans, in order. */
  readonly sent: readonly Uint8Array[];
}

export interface VectorRecord {
  /** Mode `run`. */
  readonly ticks?: number;
  /** Modes `profile` and `verify`. */
  readonly steps: readonly StepRecord[];
  /** Mode `stack`: bytes below the caller; undefined where the simulator cannot tell. */
  readonly stack?: number;
  /** Bytes of the layout's outputs, in order. */
  readonly outputs: readonly Uint8Array[];
}

export interface Response {
  readonly vectors: readonly VectorRecord[];
  readonly state: Uint8Array;
}

/** How far a program came before it stopped: indices of what was running. */
export interface Progress {
  readonly vector: number;
  readonly step?: number;
}

/** @throws Error when a vector lacks an input or has one of a wrong size */
export function encodeStimulus(stimulus: Stimulus, layout: MemoryLayout): Uint8Array {
  const head = Uint32Array.of(
    MAGIC,
    MODES[stimulus.mode],
    stimulus.poison ?? 0,
    stimulus.vectors.length,
    stimulus.state === undefined || layout.stateBytes === 0 ? 0 : 1,
  );
  const parts: Uint8Array[] = [new Uint8Array(head.buffer)];
  if (stimulus.state !== undefined && layout.stateBytes > 0) {
    if (stimulus.state.length !== layout.stateBytes)
      throw new Error(`the state has ${stimulus.state.length} bytes, not ${layout.stateBytes}`);
    parts.push(stimulus.state);
  }
  for (const vector of stimulus.vectors) {
    for (const { name, span } of layout.inputs) parts.push(inputBytes(vector.get(name), name, span));
  }
  return Buffer.concat(parts);
}

function inputBytes(tensor: Tensor | undefined, name: string, span: Span): Uint8Array {
  if (tensor === undefined) throw new Error(`no tensor for input "${name}"`);
  const bytes = bytesOf(tensor.data);
  if (bytes.length !== span.bytes)
    throw new Error(`input "${name}" takes ${span.bytes} bytes, the tensor given has ${bytes.length}`);
  return bytes;
}

class Reader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.bytes.length) throw new RangeError('the response breaks off');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  word(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4, true);
  }

  count(): number {
    const low = this.word();
    return low + this.word() * 4294967296;
  }

  spans(list: readonly Span[]): Uint8Array[] {
    return list.map((span) => this.take(span.bytes));
  }

  expect(word: number, what: string): void {
    const got = this.word();
    if (got !== word) throw new Error(`invariant: the response has ${got} in place of ${what}`);
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }
}

/** @throws Error when the response is not what the harness writes (a defect of nanoc) */
export function decodeResponse(bytes: Uint8Array, stimulus: Stimulus, layout: MemoryLayout): Response {
  const reader = new Reader(bytes);
  const vectors = stimulus.vectors.map(() => readVector(reader, stimulus.mode, layout, () => {}));
  const state = Uint8Array.from(reader.take(layout.stateBytes));
  reader.expect(MAGIC, 'the end mark');
  if (!reader.atEnd) throw new Error('invariant: the response goes on after its end mark');
  return { vectors, state };
}

/** What was running when a program stopped, from the response so far; undefined when it had not come to the first vector. */
export function progressOf(bytes: Uint8Array, stimulus: Stimulus, layout: MemoryLayout): Progress | undefined {
  const reader = new Reader(bytes);
  let progress: Progress | undefined;
  try {
    for (let vector = 0; vector < stimulus.vectors.length; vector += 1) {
      readVector(reader, stimulus.mode, layout, (step) => {
        progress = step === undefined ? { vector } : { vector, step };
      });
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return progress;
}

function readVector(
  reader: Reader,
  mode: HarnessMode,
  layout: MemoryLayout,
  onMark: (step: number | undefined) => void,
): VectorRecord {
  reader.expect(VECTOR_MARK, 'the mark of a vector');
  onMark(undefined);
  if (mode === 'run') {
    const ticks = reader.count();
    return { ticks, steps: [], outputs: reader.spans(layout.outputs.map(({ span }) => span)) };
  }
  if (mode === 'stack') {
    const stack = reader.word();
    const outputs = reader.spans(layout.outputs.map(({ span }) => span));
    return { ...(stack === VECTOR_MARK ? {} : { stack }), steps: [], outputs };
  }
  const steps = layout.steps.map((step, index): StepRecord => {
    reader.expect(index, `step ${index}`);
    onMark(index);
    const ticks = reader.count();
    if (mode === 'profile') return { ticks, sent: [] };
    const damage = readDamage(reader);
    return { ticks, ...(damage === undefined ? {} : { damage }), sent: reader.spans(step.sent) };
  });
  return { steps, outputs: reader.spans(layout.outputs.map(({ span }) => span)) };
}

function readDamage(reader: Reader): Damage | undefined {
  const [count, region, offset, expected, got] = [
    reader.word(),
    reader.word(),
    reader.word(),
    reader.word(),
    reader.word(),
  ];
  if (count === 0) return undefined;
  return { count, region: region === 0 ? 'arena' : region === 1 ? 'state' : 'outside', offset, expected, got };
}
