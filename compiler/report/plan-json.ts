/** plan.json: the memory plan, for people and for tools. */
import { z } from 'zod';
import type { Compilation } from '../compilation.js';
import type { MemoryPlan, Placement } from '../ir/memory-plan.js';

const count = z.number().int().nonnegative();

const bufferSchema = z.object({
  /** ONNX name of the value, or `<node>#scratch`. */
  name: z.string(),
  kind: z.enum(['value', 'scratch']),
  region: z.enum(['arena', 'state']),
  offset: count,
  bytes: count,
  /** First and last step in which the bytes are needed; -1 is before the first step, the number of steps after the last. */
  live: z.tuple([z.number().int(), z.number().int()]),
  sharesWith: z.string().optional(),
});

export const planSchema = z.object({
  schemaVersion: z.literal(1),
  model: z.string(),
  target: z.string(),
  arenaBytes: count,
  stateBytes: count,
  /** No plan of this order of steps needs less. */
  lowerBound: count,
  /** arenaBytes - lowerBound */
  gap: z.number().int(),
  /** Whether arenaBytes is proven to be the least possible for this order. */
  optimal: z.boolean(),
  search: z.object({ order: z.string(), placement: z.string() }),
  guardBytes: count,
  peak: z.object({
    step: z.number().int(),
    node: z.string().optional(),
    tensors: z.array(z.object({ name: z.string(), bytes: count })),
  }),
  steps: z.array(z.object({ node: z.string(), op: z.string(), function: z.string() })),
  buffers: z.array(bufferSchema),
});

export type PlanJson = z.infer<typeof planSchema>;
export type BufferJson = z.infer<typeof bufferSchema>;

export function makePlanJson(compilation: Compilation): PlanJson {
  const { plan, name, target } = compilation;
  const { order, placement, optimal } = plan.search;
  return {
    schemaVersion: 1,
    model: name,
    target: target.name,
    arenaBytes: plan.arenaBytes,
    stateBytes: plan.stateBytes,
    lowerBound: plan.lowerBound,
    gap: plan.arenaBytes - plan.lowerBound,
    optimal,
    search: { order, placement },
    guardBytes: plan.guardBytes,
    peak: peakOf(plan),
    steps: plan.calls.map((call) => ({ node: call.node.name, op: call.node.op, function: call.function })),
    buffers: sortedPlacements(plan).map(bufferOf),
  };
}

/** Buffers in RAM, in the order in which they come alive. */
export function sortedPlacements(plan: MemoryPlan): Placement[] {
  return [...plan.placements.values()]
    .filter((placement) => placement.region !== 'flash')
    .sort(
      (a, b) =>
        compareText(a.region, b.region) || a.live[0] - b.live[0] || a.offset - b.offset || compareText(a.name, b.name),
    );
}

/** By code units: the same on every computer, whatever its locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function bufferOf(placement: Placement): BufferJson {
  const { name, kind, offset, bytes, live, sharesWith } = placement;
  const region = placement.region === 'state' ? 'state' : 'arena';
  return { name, kind, region, offset, bytes, live: [...live], ...(sharesWith === undefined ? {} : { sharesWith }) };
}

function peakOf(plan: MemoryPlan): PlanJson['peak'] {
  const node = plan.calls[plan.peak.step]?.node.name;
  return {
    step: plan.peak.step,
    ...(node === undefined ? {} : { node }),
    tensors: plan.peak.names.map((name) => ({ name, bytes: plan.placements.get(name)?.bytes ?? 0 })),
  };
}
