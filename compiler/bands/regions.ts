/** Which regions of a graph are worth splitting, and how high their bands may be. */
import type { Graph, Node } from '../ir/graph.js';
import { valueOf } from '../ir/graph.js';
import type { Program } from '../ir/kernel-call.js';
import { bytesPerElement } from '../ir/tensor.js';
import { peaksOf, sketchProgram } from './estimate.js';
import { loadsOf } from './loads.js';
import { regionOf, scheduleOf } from './schedule.js';
import { type Split, splitRegion } from './split.js';

/** A way to split, and what it is thought to take. */
export interface Candidate {
  readonly split: Split;
  readonly nodes: readonly Node[];
  readonly bands: number;
  /** Largest live set while its bands run, bytes. */
  readonly peak: number;
  /** Largest live set of the whole model. */
  readonly overall: number;
  /** Bytes that are copied, and 64 for each call more: what a call takes beside its work, roughly. */
  readonly cost: number;
}

const LONGEST_REGION = 32;
/** Regions that are this much longer than one that fits are not looked at: each layer copies rows of its own. */
const LONGER = 3;
const SKETCHES = 400;
const CALL_COST = 64;

/**
 * Splits of regions around a node, the cheapest first: those with which the whole model is below `limit` bytes; else those whose own
 * bands are; else the one that comes nearest.
 */
export function candidatesAround(graph: Graph, program: Program, hot: Node, limit: number): Candidate[] {
  const at = graph.nodes.findIndex(({ name }) => name === hot.name);
  if (at < 0) return [];
  const after = new Map(loadsOf(program).steps.map((load) => [load.node.name, load.after]));
  const isQuiet = (index: number): boolean => index < 0 || (after.get(graph.nodes[index]!.name) ?? 0) <= limit;
  const found: Candidate[] = [];
  let [longest, sketches] = [LONGEST_REGION, 0];
  for (let length = 1; length <= longest && sketches < SKETCHES; length += 1) {
    for (let start = Math.max(0, at - length + 1); start <= at && start + length <= graph.nodes.length; start += 1) {
      if (!isQuiet(start - 1) || !isQuiet(start + length - 1)) continue;
      const nodes = graph.nodes.slice(start, start + length);
      const some = splitsOf(graph, program, nodes, limit);
      sketches += some.length;
      found.push(...some);
    }
    if (longest === LONGEST_REGION && found.some(({ overall }) => overall <= limit)) longest = length + LONGER;
  }
  const enough = found.filter(({ overall }) => overall <= limit);
  const fitting = enough.length > 0 ? enough : found.filter(({ peak }) => peak <= limit);
  if (fitting.length > 0) return fitting.sort((a, b) => a.cost - b.cost);
  return found.sort((a, b) => a.peak - b.peak).slice(0, 1);
}

/** The splits of one region: fewer bands first. */
function splitsOf(graph: Graph, program: Program, nodes: readonly Node[], limit: number): Candidate[] {
  const region = regionOf(graph, nodes, 1) ?? regionOf(graph, nodes, 2);
  if (region === undefined) return [];
  const last = valueOf(graph, nodes.at(-1)!.outputs[0]!);
  const rows = last.shape[region.axis]!;
  const heights = new Set([2, 3, 4, 5, 6, 8, 11, 16, 32, rows].map((bands) => Math.ceil(rows / bands)));
  const found: Candidate[] = [];
  for (const height of heights) {
    const schedule = scheduleOf(graph, region, height);
    const split = schedule === undefined ? undefined : splitRegion(graph, schedule);
    if (schedule === undefined || split === undefined) continue;
    const { within: peak, overall } = peaksOf(sketchProgram(program, split), (node) => split.origin.has(node.name));
    const cost = split.copiedElements * bytesPerElement(last.dtype) + CALL_COST * (split.origin.size - nodes.length);
    found.push({ split, nodes, bands: schedule.bands, peak, overall, cost });
    // Lower bands than needed cost more: two heights below the limit are enough to choose from, should addresses not work out.
    if (found.filter((each) => each.peak <= limit).length > 2) break;
  }
  return found;
}
