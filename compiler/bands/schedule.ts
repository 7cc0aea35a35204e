/** Which rows of each tensor of a region every band makes and keeps. Nothing is computed twice: rows that the next band needs are kept. */
import { consumers, type Graph, type Node, producers, valueOf } from '../ir/graph.js';
import { type RowRule, type Rows, rowRuleOf } from './rows.js';

/** Neighbouring nodes of a graph that are run band after band. */
export interface Region {
  /** In the order of the graph. */
  readonly nodes: readonly Node[];
  /** Dimension that is cut: 1, rows; 2, the pixels of a single row. */
  readonly axis: number;
  readonly rules: ReadonlyMap<Node, RowRule>;
  /** Values that are read after the region, or by the caller. */
  readonly outputs: readonly string[];
}

/** The rows of one tensor, band by band. */
export interface TensorRows {
  /** Rows that are there after each band: [0, made[k]) have been computed. */
  readonly made: readonly number[];
  /** First row that this band or a later one reads. */
  readonly needed: readonly number[];
}

export interface Schedule {
  readonly region: Region;
  readonly bands: number;
  /** Of the region's own values. */
  readonly tensors: ReadonlyMap<string, TensorRows>;
}

/** Undefined when these nodes, neighbours in the graph's order, cannot be cut along the axis. */
export function regionOf(graph: Graph, nodes: readonly Node[], axis: number): Region | undefined {
  const rules = new Map<Node, RowRule>();
  const own = new Set(nodes.flatMap(({ outputs }) => outputs));
  for (const node of nodes) {
    const rule = rowRuleOf(graph, node, axis);
    // What is read whole must be there before the first band.
    if (rule === undefined || node.inputs.some((name) => own.has(name) && !rule.cut.includes(name))) return undefined;
    rules.set(node, rule);
  }
  const writers = producers(graph);
  const cut = [...rules.values()].flatMap((rule) => rule.cut);
  if (cut.some((name) => !own.has(name) && isJoint(writers, name))) return undefined;
  const readers = consumers(graph);
  const inside = new Set(nodes);
  const outputs = [...own].filter(
    (name) => graph.outputs.includes(name) || (readers.get(name) ?? []).some((reader) => !inside.has(reader)),
  );
  return { nodes, axis, rules, outputs };
}

/**
 * Whether a value is a Concat, or a view of one. Its first rows could die before the last are written: it would never exist whole,
 * and `nanoc verify` would have nothing to compare.
 */
function isJoint(writers: ReadonlyMap<string, Node>, name: string): boolean {
  const writer = writers.get(name);
  if (writer === undefined) return false;
  if (writer.op === 'Concat') return true;
  return ['Reshape', 'Slice', 'Split'].includes(writer.op) && isJoint(writers, writer.inputs[0]!);
}

/**
 * Cuts the rows of the region's last tensor into bands of equal height and follows their needs back to the region's inputs.
 * Undefined when a band would have nothing to read, or there are fewer rows than bands.
 */
export function scheduleOf(graph: Graph, region: Region, height: number): Schedule | undefined {
  const { nodes, axis, rules } = region;
  const rowsOf = (name: string): number => valueOf(graph, name).shape[axis]!;
  const total = rowsOf(nodes.at(-1)!.outputs[0]!);
  const bands = Math.ceil(total / height);
  if (bands < 2) return undefined;
  const share = (name: string, band: number): number =>
    band + 1 === bands ? rowsOf(name) : Math.min(rowsOf(name), Math.ceil((rowsOf(name) * height * (band + 1)) / total));
  const tensors = new Map<string, TensorRows>();
  for (const node of [...nodes].reverse()) {
    const name = node.outputs[0]!;
    const readers = nodes.filter((reader) => rules.get(reader)!.cut.includes(name));
    const needs = (band: number): Rows[] =>
      readers.flatMap((reader) => {
        const { made } = tensors.get(reader.outputs[0]!)!;
        const output = { start: band === 0 ? 0 : made[band - 1]!, end: made[band]! };
        return output.start < output.end ? [rules.get(reader)!.needs(output)] : [];
      });
    const made: number[] = [];
    const needed: number[] = [];
    for (let band = 0; band < bands; band += 1) {
      const asked = needs(band).map(({ end }) => Math.min(end, rowsOf(name)));
      const whole = region.outputs.includes(name) ? [share(name, band)] : [];
      made.push(Math.max(made.at(-1) ?? 0, ...asked, ...whole));
    }
    for (let band = bands - 1; band >= 0; band -= 1) {
      const starts = needs(band).map(({ start }) => Math.max(start, 0));
      needed.unshift(Math.min(needed[0] ?? made.at(-1)!, ...starts));
    }
    tensors.set(name, { made, needed });
  }
  return { region, bands, tensors };
}

/** Rows that a band computes of a tensor; empty when there are none. */
export function newRows({ made }: TensorRows, band: number): Rows {
  return { start: band === 0 ? 0 : made[band - 1]!, end: made[band]! };
}
