import type { Graph, Node } from '../ir/graph.js';
import type { Analysis } from './analyse.js';
import { newest, type Range, type Rows, reach } from './rows.js';

/** What the step's nodes read of a value. */
export interface Need {
  /** First row that is read of those that do not depend on padding. */
  readonly from: number;
  /** Whether the padded rows in front are read. */
  readonly front: boolean;
}

/** The rows of an output of the model that a step gives: the newest of the window. */
export function outputRange({ length, hop }: Rows): Range {
  return { from: length - hop, to: length };
}

/** The parts of a value that a step computes. */
export function partsOf(rows: Rows, need: Need): Range[] {
  return [...(need.front ? [{ from: 0, to: rows.first }] : []), newest(rows)];
}

/** The rows of its inputs that a node reads for a part of its output, with the padding that is left. */
export function inputRange(analysis: Analysis, node: Node, part: Range): Range & { before: number; after: number } {
  const rule = analysis.rules.get(node)!;
  if (rule.kind === 'rows') return { ...part, before: 0, after: 0 };
  const rows = analysis.rows.get(node.inputs[0]!)!;
  return reach(rule.span, part, rows.length, analysis.history);
}

/** For every value with rows what is read of it, from the outputs of the model backwards. */
export function needsOf(graph: Graph, analysis: Analysis): ReadonlyMap<string, Need> {
  const needs = new Map<string, Need>();
  for (const [name, rows] of analysis.rows) needs.set(name, { from: rows.end - rows.hop, front: false });
  const add = (name: string, { from, to }: Range) => {
    const rows = analysis.rows.get(name);
    if (rows === undefined) return;
    const need = needs.get(name)!;
    const low = to > rows.first ? Math.min(need.from, Math.max(from, rows.first)) : need.from;
    needs.set(name, { from: low, front: need.front || from < rows.first });
  };
  for (const name of graph.outputs) {
    const rows = analysis.rows.get(name);
    if (rows !== undefined) add(name, outputRange(rows));
  }
  for (const node of [...graph.nodes].reverse()) {
    if (analysis.whole.has(node)) {
      for (const name of node.inputs) add(name, { from: 0, to: analysis.rows.get(name)?.length ?? 0 });
    } else if (analysis.rules.has(node)) {
      const rows = analysis.rows.get(node.outputs[0]!)!;
      for (const part of partsOf(rows, needs.get(node.outputs[0]!)!)) {
        for (const name of node.inputs) add(name, inputRange(analysis, node, part));
      }
    }
  }
  return needs;
}
