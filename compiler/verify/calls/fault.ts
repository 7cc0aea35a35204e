/** What a run of a single call did wrong: other bytes than the reference's, or bytes that are not its own. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { bytesOf, fromBytes, type Tensor } from '../../ir/tensor.js';
import { shorten } from '../../report/format.js';
import { type CallLayout, SCRATCH } from '../../simulate/call-layout.js';
import { accessed } from '../../simulate/memory-layout.js';
import { coordinatesOf, differences, elementText } from '../compare.js';

/** Columns of a name in a message. */
const NAME_WIDTH = 40;

export interface CallFault {
  /** `output`: wrong elements; `scratch`: written behind its end; `input`: changed; `memory`: other bytes; `failure`: it did not end. */
  readonly kind: 'output' | 'scratch' | 'input' | 'memory' | 'failure';
  /** Label of the inputs, e.g. `last row marked`. */
  readonly vector: string;
  /** The value, for `output` and `input`. */
  readonly tensor?: string;
  /** First element that differs, in the order of the device: [N, H, W, C] where the layer has rows. */
  readonly element?: readonly number[];
  readonly expected?: number;
  readonly got?: number;
  /** Elements that differ, or bytes that were changed or overrun. */
  readonly differing?: number;
  readonly of?: number;
  /** One line that stands alone. */
  readonly message: string;
}

export interface CallTrial {
  readonly call: KernelCall;
  readonly layout: CallLayout;
  readonly vector: string;
  /** As the device holds them. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly expected: ReadonlyMap<string, Tensor>;
  /** Byte that filled the memory before. */
  readonly filling: number;
  /** Values that are [N, H, W, C]. */
  readonly channelsLast: ReadonlySet<string>;
}

/** @param memory all of the call's memory after the run */
export function faultIn(trial: CallTrial, memory: Uint8Array): CallFault | undefined {
  return damageIn(trial, memory) ?? wrongOutput(trial, memory);
}

/** Bytes that are neither in an output nor in scratch and are not what they were. */
function damageIn(trial: CallTrial, memory: Uint8Array): CallFault | undefined {
  const before = memoryBefore(trial, memory);
  const first = memory.findIndex((byte, at) => byte !== before[at]);
  if (first < 0) return undefined;
  const { vector, layout, inputs } = trial;
  const changed = (from: number, to: number) =>
    memory.subarray(from, to).reduce((count, byte, at) => count + (byte === before[from + at] ? 0 : 1), 0);
  const input = [...inputs.keys()].find((name) => {
    const place = layout.buffers.get(name)!;
    return first >= place.offset && first < place.offset + place.bytes;
  });
  if (input !== undefined) {
    const { offset, bytes } = layout.buffers.get(input)!;
    const differing = changed(offset, offset + bytes);
    const message = `changes its input "${shorten(input, NAME_WIDTH)}": ${counted(differing)}, the first at ${first - offset} (${vector})`;
    return { kind: 'input', vector, tensor: input, differing, of: bytes, message };
  }
  const scratch = layout.buffers.get(SCRATCH);
  const end = scratch === undefined ? Number.POSITIVE_INFINITY : scratch.offset + scratch.bytes;
  if (first >= end) {
    const last = memory.findLastIndex((byte, at) => byte !== before[at]);
    const differing = last + 1 - end;
    const message = `writes ${counted(differing)} beyond its scratch of ${scratch!.bytes} bytes (${vector})`;
    return { kind: 'scratch', vector, differing, of: scratch!.bytes, message };
  }
  const differing = changed(0, memory.length);
  const message = `changes ${counted(differing)} outside of its buffers, the first ${placeOf(first, layout)} (${vector})`;
  return { kind: 'memory', vector, differing, of: memory.length, message };
}

/** As it must be afterwards, outputs and scratch as they are. */
function memoryBefore({ call, layout: { buffers }, inputs, filling }: CallTrial, memory: Uint8Array): Uint8Array {
  const before = new Uint8Array(memory.length).fill(filling);
  for (const [name, tensor] of inputs) before.set(bytesOf(tensor.data), buffers.get(name)!.offset);
  for (const name of [...accessed(call, 'write'), SCRATCH]) {
    const place = buffers.get(name);
    if (place !== undefined) before.set(memory.subarray(place.offset, place.offset + place.bytes), place.offset);
  }
  return before;
}

/** `3 bytes behind "y"` */
function placeOf(at: number, { buffers }: CallLayout): string {
  const before = [...buffers]
    .filter(([, { offset, bytes }]) => offset + bytes <= at)
    .sort(([, a], [, b]) => b.offset + b.bytes - (a.offset + a.bytes))[0];
  if (before === undefined) return 'before the first';
  const [name, { offset, bytes }] = before;
  return `${counted(at - offset - bytes)} behind "${shorten(name, NAME_WIDTH)}"`;
}

function counted(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

function wrongOutput(trial: CallTrial, memory: Uint8Array): CallFault | undefined {
  const { vector, layout, expected, channelsLast } = trial;
  for (const [tensor, { dtype, shape, data }] of expected) {
    const { offset, bytes } = layout.buffers.get(tensor)!;
    const got = fromBytes(dtype, memory.slice(offset, offset + bytes));
    const differing = differences(data, got);
    const [first] = differing;
    if (first === undefined) continue;
    const element = coordinatesOf(first, shape);
    const numbers = { expected: Number(data[first]), got: Number(got[first]) };
    const [, row, column, channel] = element;
    const place = channelsLast.has(tensor) ? ` (row ${row}, column ${column}, channel ${channel})` : '';
    const message = `${elementText(shorten(tensor, NAME_WIDTH), element)}${place} is ${numbers.got}, expected ${numbers.expected}; ${differing.length} of ${data.length} elements differ (${vector})`;
    return {
      kind: 'output',
      vector,
      tensor,
      element,
      ...numbers,
      differing: differing.length,
      of: data.length,
      message,
    };
  }
  return undefined;
}
