/** Writes a region out band by band: slices of rows in, the same operators on them, and a Concat of what they made. */
import { GraphEditor } from '../ir/builders.js';
import { type Graph, type Node, type Value, valueOf } from '../ir/graph.js';
import { elementCount } from '../ir/tensor.js';
import { verifyGraph } from '../ir/verify.js';
import type { Rows } from './rows.js';
import { newRows, type Schedule } from './schedule.js';

export interface Split {
  readonly graph: Graph;
  /** Nodes of the new graph, by name, that stand for a node of the region. */
  readonly origin: ReadonlyMap<string, Node>;
  /** Bytes of rows that are copied because the next band needs them. */
  readonly copiedElements: number;
}

/** A value that holds some rows of a tensor. */
interface Held extends Rows {
  readonly name: string;
}

/** Undefined when a window would lie in the padding alone. */
export function splitRegion(graph: Graph, schedule: Schedule): Split | undefined {
  const splitter = new Splitter(graph, schedule);
  for (let band = 0; band < schedule.bands; band += 1) {
    for (const node of schedule.region.nodes) if (!splitter.band(node, band)) return undefined;
  }
  return splitter.finish();
}

class Splitter {
  private readonly editor: GraphEditor;
  private readonly nodes: Node[] = [];
  private readonly origin = new Map<string, Node>();
  private readonly held = new Map<string, Held>();
  /** Rows that were copied for the next band. */
  private readonly kept = new Map<string, Held>();
  private readonly parts = new Map<string, string[]>();
  private copiedElements = 0;

  constructor(
    private readonly graph: Graph,
    private readonly schedule: Schedule,
  ) {
    this.editor = new GraphEditor(graph);
  }

  /** The rows that this band makes of a node's output; false when there is nothing to make them from. */
  band(node: Node, band: number): boolean {
    const { region, tensors } = this.schedule;
    for (const name of region.rules.get(node)!.cut) if (this.lastReader(name) === node) this.keep(name, band);
    const output = node.outputs[0]!;
    const rows = newRows(tensors.get(output)!, band);
    if (rows.start === rows.end) return true;
    const rule = region.rules.get(node)!;
    const wanted = rule.needs(rows);
    const size = valueOf(this.graph, rule.cut[0]!).shape[region.axis]!;
    const inside = { start: Math.max(wanted.start, 0), end: Math.min(wanted.end, size) };
    if (inside.start >= inside.end) return false;
    const inputs = node.inputs.map((name) => (rule.cut.includes(name) ? this.window(name, inside) : name));
    const made = this.addRows(output, rows);
    this.add(node, {
      ...node,
      name: `${node.name}__band${band}`,
      inputs,
      outputs: [made],
      attributes: rule.attributes(inside.start - wanted.start, wanted.end - inside.end),
    });
    this.parts.set(output, [...(this.parts.get(output) ?? []), made]);
    this.hold(output, { ...rows, name: made });
    return true;
  }

  finish(): Split {
    const { region } = this.schedule;
    for (const output of region.outputs) {
      const attributes = { axis: region.axis };
      const name = this.editor.freshName(`${output}__bands`);
      this.nodes.push({
        name,
        op: 'Concat',
        domain: '',
        inputs: this.parts.get(output)!,
        outputs: [output],
        attributes,
      });
    }
    const last = region.nodes.at(-1)!;
    for (const node of region.nodes) if (node !== last) this.editor.removeNode(node);
    this.editor.replaceNode(last, ...this.nodes);
    const graph = this.editor.finish();
    verifyGraph(graph, 'bands');
    return { graph, origin: this.origin, copiedElements: this.copiedElements };
  }

  private lastReader(name: string): Node | undefined {
    const { nodes, rules } = this.schedule.region;
    return nodes.findLast((node) => rules.get(node)!.cut.includes(name));
  }

  /**
   * Copies the rows that are still needed when the next band makes more of the tensor, so that the rest is free. Done before the
   * last reader of this band, which may then write its output over what it reads.
   */
  private keep(tensor: string, band: number): void {
    const { tensors, bands } = this.schedule;
    const own = tensors.get(tensor);
    if (own === undefined || band + 1 >= bands || own.made[band + 1] === own.made[band]) return;
    const rows = { start: own.needed[band + 1]!, end: own.made[band]! };
    if (rows.start >= rows.end) return;
    const name = this.slice(this.held.get(tensor)!, tensor, rows, true);
    this.copiedElements += elementCount(this.editor.value(name).shape);
    this.kept.set(tensor, { ...rows, name });
  }

  /** What was kept and what was made, one behind the other. */
  private hold(output: string, made: Held): void {
    const kept = this.kept.get(output);
    this.kept.delete(output);
    if (kept === undefined) {
      this.held.set(output, made);
      return;
    }
    const rows = { start: kept.start, end: made.end };
    const name = this.addRows(output, rows);
    const attributes = { axis: this.schedule.region.axis };
    this.nodes.push({
      name: this.editor.freshName(`${name}__rows`),
      op: 'Concat',
      domain: '',
      inputs: [kept.name, made.name],
      outputs: [name],
      attributes,
    });
    this.held.set(output, { ...rows, name });
  }

  /** Rows of an input of the region, or of what the region holds of its own value. */
  private window(name: string, rows: Rows): string {
    const whole = { name, start: 0, end: valueOf(this.graph, name).shape[this.schedule.region.axis]! };
    const from = this.schedule.tensors.has(name) ? this.held.get(name)! : whole;
    return from.start === rows.start && from.end === rows.end ? from.name : this.slice(from, name, rows, false);
  }

  private slice(from: Held, tensor: string, rows: Rows, apart: boolean): string {
    const { axis } = this.schedule.region;
    const name = this.addRows(tensor, rows);
    const attributes = {
      starts: [rows.start - from.start],
      ends: [rows.end - from.start],
      axes: [axis],
      steps: [1],
      ...(apart ? { apart } : {}),
    };
    const node = { name: this.editor.freshName(`${name}__slice`), op: 'Slice', domain: '', inputs: [from.name] };
    this.nodes.push({ ...node, outputs: [name], attributes });
    return name;
  }

  /** A value for some rows of a tensor, which says where they come from. */
  private addRows(tensor: string, { start, end }: Rows): string {
    const { axis } = this.schedule.region;
    const { constant: _, ...value } = valueOf(this.graph, tensor);
    const shape = value.shape.map((size, i) => (i === axis ? end - start : size));
    const row = elementCount(value.shape.slice(axis + 1));
    const source: Pick<Value, 'source'> =
      value.source === undefined ? {} : { source: { ...value.source, from: start * row } };
    return this.editor.addValue({ ...value, ...source, name: `${tensor}__rows${start}to${end}`, shape });
  }

  private add(node: Node, band: Node): void {
    const named = { ...band, name: this.editor.freshName(band.name) };
    this.nodes.push(named);
    this.origin.set(named.name, node);
  }
}
