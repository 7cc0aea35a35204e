import type { Program } from '../../ir/kernel-call.js';
import type { MemoryPlan, Placement } from '../../ir/memory-plan.js';

/** In a plan with guard bytes: any two buffers of one time that no view ties together are that far apart, and so are the ends of the region. */
export function checkGuards(plan: MemoryPlan, program: Program): void {
  const guard = plan.guardBytes;
  if (guard === 0) return;
  const tied = tiedBy(program);
  const buffers = [...plan.placements.values()].filter(({ region, bytes }) => region !== 'flash' && bytes > 0);
  for (const [i, a] of buffers.entries()) {
    const size = a.region === 'arena' ? plan.arenaBytes : plan.stateBytes;
    if (a.offset < guard || a.offset + a.bytes + guard > size)
      throw new Error(`invariant: "${a.name}" has no guard bytes at the end of the ${a.region}`);
    for (const b of buffers.slice(i + 1)) {
      if (tied(a.name) === tied(b.name) || !near(a, b, guard) || !atOnce(a, b)) continue;
      throw new Error(`invariant: no guard bytes between "${a.name}" and "${b.name}"`);
    }
  }
}

function near(a: Placement, b: Placement, guard: number): boolean {
  return a.region === b.region && a.offset < b.offset + b.bytes + guard && b.offset < a.offset + a.bytes + guard;
}

function atOnce(a: Placement, b: Placement): boolean {
  return a.live[0] <= b.live[1] && b.live[0] <= a.live[1];
}

/** A representative of all values that views tie to this one. */
function tiedBy({ views }: Program): (name: string) => string {
  const parent = new Map<string, string>();
  const root = (name: string): string => {
    let current = name;
    for (let next = parent.get(current); next !== undefined && next !== current; next = parent.get(current))
      current = next;
    return current;
  };
  for (const { value, base } of views) {
    const [a, b] = [root(value), root(base)];
    if (a !== b) parent.set(a, b);
  }
  return root;
}
