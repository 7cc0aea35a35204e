/** Where the buffers of a single call lie in the memory of a call program (call-program.ts), with room between them. */
import { type Graph, valueOf } from '../ir/graph.js';
import type { KernelCall, Overlap } from '../ir/kernel-call.js';
import type { MemoryPlan } from '../ir/memory-plan.js';
import { byteLength } from '../ir/tensor.js';
import { accessed } from './memory-layout.js';

/** Name of the scratch among a call's buffers. */
export const SCRATCH = '#scratch';

export interface Buffer {
  readonly offset: number;
  readonly bytes: number;
}

export interface CallLayout {
  /** Of the memory that the call uses, room before and behind its buffers included. */
  readonly bytes: number;
  /** Of the memory's start, which has no better one. */
  readonly alignment: number;
  /** By value, and `SCRATCH`; constants are not among them. */
  readonly buffers: ReadonlyMap<string, Buffer>;
}

/** Bytes of room before, between and behind the buffers; more behind the scratch, which is last. */
const ROOM = 64;
const ROOM_BEHIND = 1024;
/** Offsets keep their remainder: no kernel asks for a better alignment, and no line of a cache is longer. */
const PERIOD = 64;

/**
 * The buffers as a plan places them: the same alignment of each, and where two share bytes, the same distance.
 * @param alignment of the plan's memory
 */
export function plannedLayout(call: KernelCall, graph: Graph, plan: MemoryPlan, alignment: number): CallLayout {
  const planned = memoryValues(call, graph).map((name): Planned => {
    const placement = plan.placements.get(name);
    if (placement === undefined || placement.region === 'flash') {
      throw new Error(`invariant: "${name}" has no place in the memory of "${call.node.name}"`);
    }
    const { region, offset } = placement;
    return { name, region, from: offset, to: offset + byteLength(valueOf(graph, name)) };
  });
  const scratch = plan.placements.get(`${call.node.name}${SCRATCH}`);
  const last: Planned[] =
    call.scratch === undefined || scratch === undefined
      ? []
      : [{ name: SCRATCH, region: scratch.region, from: scratch.offset, to: scratch.offset + call.scratch.bytes }];
  return placed([...groupsOf(planned), ...groupsOf(last)], alignment);
}

/**
 * Every buffer apart from the others, aligned to `alignment` and no better.
 * @param overlap set: its output lies over its input, as near as the kernel allows
 */
export function apartLayout(call: KernelCall, graph: Graph, alignment: number, overlap?: Overlap): CallLayout {
  const unit = Math.max(alignment, call.alignment ?? 1, call.scratch?.alignment ?? 1);
  const buffer = (name: string, from = unit): Planned => ({
    ...{ name, region: 'arena', from },
    to: from + byteLength(valueOf(graph, name)),
  });
  const joint = (name: string): Planned => {
    // The kernel's alignment may ask for a little more distance than its lead.
    let lead = Math.ceil(overlap!.lead / (call.alignment ?? 1)) * (call.alignment ?? 1);
    while (lead % (overlap!.multiple ?? 1) !== 0) lead += call.alignment ?? 1;
    const at = name === overlap!.input ? Math.max(lead, 0) : Math.max(-lead, 0);
    return buffer(name, unit + at);
  };
  const isJoint = (name: string) => name === overlap?.input || name === overlap?.output;
  const names = memoryValues(call, graph);
  const groups = names.filter((name) => !isJoint(name)).map((name) => [buffer(name)]);
  const over = names.filter(isJoint).map(joint);
  const scratch: Planned[] =
    call.scratch === undefined ? [] : [{ name: SCRATCH, region: 'arena', from: unit, to: unit + call.scratch.bytes }];
  return placed(
    [...groups, over, scratch].filter(({ length }) => length > 0),
    unit,
  );
}

/** Values that the call reads or writes and that are no constants. */
export function memoryValues(call: KernelCall, graph: Graph): string[] {
  const names = new Set([...accessed(call, 'read'), ...accessed(call, 'write')]);
  return [...names].filter((name) => valueOf(graph, name).constant === undefined);
}

interface Planned {
  readonly name: string;
  readonly region: string;
  readonly from: number;
  readonly to: number;
}

/** Buffers that share bytes, directly or through others. */
function groupsOf(buffers: readonly Planned[]): Planned[][] {
  const groups: Planned[][] = [];
  let last: { readonly region: string; readonly to: number } | undefined;
  const sorted = [...buffers].sort((a, b) => (a.region === b.region ? a.from - b.from : a.region < b.region ? -1 : 1));
  for (const buffer of sorted) {
    const shares = last !== undefined && last.region === buffer.region && buffer.from < last.to;
    if (shares) groups.at(-1)!.push(buffer);
    else groups.push([buffer]);
    last = { region: buffer.region, to: shares ? Math.max(last!.to, buffer.to) : buffer.to };
  }
  return groups;
}

function placed(groups: readonly (readonly Planned[])[], alignment: number): CallLayout {
  const buffers = new Map<string, Buffer>();
  let end = 0;
  for (const group of groups) {
    const first = Math.min(...group.map(({ from }) => from));
    const least = end + ROOM;
    const period = Math.max(PERIOD, 2 * alignment);
    const start = least + ((((first - least) % period) + period) % period);
    for (const { name, from, to } of group) {
      buffers.set(name, { offset: start + from - first, bytes: to - from });
      end = Math.max(end, start + to - first);
    }
  }
  return { bytes: end + ROOM_BEHIND, alignment, buffers };
}
