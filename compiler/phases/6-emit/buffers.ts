/** The buffers of the arena and of the state block as macros: name, offset, size, and for how long each is needed. */
import type { Compilation } from '../../compilation.js';
import { valueOf } from '../../ir/graph.js';
import type { Placement } from '../../ir/memory-plan.js';
import { bytesPerElement } from '../../ir/tensor.js';
import { sortedPlacements } from '../../report/plan-json.js';
import type { ModelContext } from './context.js';
import { shapeText } from './describe.js';
import { commentText } from './literals.js';

export interface BufferView {
  /** Stem of the macros, upper case. */
  readonly macro: string;
  readonly offset: number;
  readonly bytes: number;
  readonly region: Placement['region'];
  /** Macro of the region's size. */
  readonly regionSize: string;
  /** `int8 1x24x24x16, "/conv1/Relu_output", steps 2 to 3`. */
  readonly comment: string;
}

/** Buffers by region and offset; those of equal offset in order of their lives. Constants are not among them. */
export function buffersView(context: ModelContext): BufferView[] {
  const { plan } = context.compilation;
  return sortedPlacements(plan).map((placement) => ({
    macro: context.buffers.stem(placement.name).toUpperCase(),
    offset: placement.offset,
    bytes: placement.bytes,
    region: placement.region,
    regionSize: `${context.macro}_${placement.region.toUpperCase()}_SIZE`,
    comment: commentText(describe(context, placement)),
  }));
}

function describe(context: ModelContext, placement: Placement): string {
  const life = placement.region === 'state' ? 'kept' : lifeText(placement.live, context.compilation.plan.calls.length);
  if (placement.kind === 'scratch') return `scratch, ${life}`;
  const { dtype, shape } = valueOf(context.graph, placement.name);
  const name = placement.name.length > 40 ? `...${placement.name.slice(-37)}` : placement.name;
  return `${dtype} ${shapeText(shape)}, "${name}", ${life}`;
}

/** Steps are counted from 1 as in the comments of the calls. */
export function lifeText([first, last]: readonly [number, number], steps: number): string {
  if (last >= steps) return first < 0 ? 'always' : `step ${first + 1} to the end`;
  if (first < 0) return last < 0 ? 'input, not read' : `input, to step ${last + 1}`;
  return first === last ? `step ${first + 1}` : `steps ${first + 1} to ${last + 1}`;
}

/** What the size of the context follows from. */
export type Planned = Pick<Compilation, 'graph' | 'plan' | 'target'>;

/** sizeof(<model>_t): all RAM of a model but the stack, in bytes. */
export function contextBytesOf(planned: Planned): number {
  const { arenaBytes, stateBytes } = planned.plan;
  const alignment = contextAlignment(planned);
  const round = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
  return round(round(arenaBytes) + round(stateBytes) + 4);
}

/** sizeof(<model>_t) where the arena is another's: state, a pointer to the arena, a step counter. */
export function sharingContextBytesOf(planned: Planned): number {
  const pointer = planned.target.qemu === undefined ? 8 : 4;
  const alignment = Math.max(planned.plan.stateBytes === 0 ? 1 : contextAlignment(planned), pointer);
  const round = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;
  return round(round(planned.plan.stateBytes, pointer) + pointer + 4, alignment);
}

/** Lowest alignment that the context needs: the largest element in it, and what kernels ask for. */
export function contextAlignment({ graph, plan, target }: Planned): number {
  // Without arena and state there is only the step counter.
  if (plan.arenaBytes + plan.stateBytes === 0) return 4;
  let alignment = target.alignment;
  for (const placement of plan.placements.values()) {
    if (placement.kind === 'value' && placement.region !== 'flash') {
      alignment = Math.max(alignment, bytesPerElement(valueOf(graph, placement.name).dtype));
    }
  }
  for (const call of plan.calls) alignment = Math.max(alignment, call.alignment ?? 1, call.scratch?.alignment ?? 1);
  return alignment;
}
