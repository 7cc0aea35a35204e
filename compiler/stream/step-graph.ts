/**
 * The model of one step. Of every value with rows it computes the newest ones, and those that padding reaches; older rows are states:
 *
 *     joined = Concat(state, newest)      next state = Slice(joined)
 *
 * Rows of the device's layout: time lies outermost in a state, so that Concat and Slice are views and a state moves on in one piece.
 */
import { GraphEditor } from '../ir/builders.js';
import { type Graph, type Node, type StateBinding, type Value, valueOf } from '../ir/graph.js';
import { inverse, isIdentity, type Permutation, permuteShape } from '../phases/3-rewrite/transposes.js';
import type { Analysis } from './analyse.js';
import { inputRange, type Need, needsOf, outputRange, partsOf } from './needs.js';
import { newest, type Range, type Rows } from './rows.js';
import { partAttributes } from './rules.js';

export function stepGraph(graph: Graph, analysis: Analysis): Graph {
  return new StepGraph(graph, analysis).build();
}

class StepGraph {
  private readonly values = new Map<string, Value>();
  private readonly nodes: Node[] = [];
  private readonly states: StateBinding[] = [];
  private readonly needs: ReadonlyMap<string, Need>;
  /** Names of parts that are there, by value and range. */
  private readonly parts = new Map<string, string>();
  /** State and newest rows of a value, joined, in its storage order. */
  private readonly joinedOf = new Map<string, string>();

  constructor(
    private readonly graph: Graph,
    private readonly analysis: Analysis,
  ) {
    this.needs = needsOf(graph, analysis);
    for (const [name, value] of graph.values) if (!analysis.rows.has(name)) this.values.set(name, withoutSource(value));
  }

  build(): Graph {
    const { input, rows } = this.analysis;
    this.addPart(input, newest(rows.get(input)!), input);
    for (const node of this.graph.nodes) {
      if (this.analysis.rules.has(node)) this.addParts(node);
      else this.addWhole(node);
    }
    for (const name of this.graph.outputs) this.addOutput(name);
    const outputs = [...this.graph.outputs, ...this.states.map(({ output }) => output)];
    const inputs = [...this.graph.inputs, ...this.states.map((state) => state.input)];
    const unsorted: Graph = {
      ...this.graph,
      inputs,
      outputs,
      values: this.values,
      nodes: this.nodes,
      states: this.states,
    };
    return new GraphEditor(unsorted).finish();
  }

  /** A node that reads the whole window. */
  private addWhole(node: Node): void {
    const inputs = node.inputs.map((name) => {
      const rows = this.analysis.rows.get(name);
      return rows === undefined ? name : this.take(name, { from: 0, to: rows.length });
    });
    this.nodes.push({ ...node, inputs });
  }

  /** A node once for each part of its output. */
  private addParts(node: Node): void {
    const output = node.outputs[0]!;
    const rows = this.rowsOf(output);
    for (const part of partsOf(rows, this.needs.get(output)!)) {
      const { before, after, ...range } = inputRange(this.analysis, node, part);
      const inputs = node.inputs.map((name) => (this.analysis.rows.has(name) ? this.take(name, range) : name));
      const isNewest = part.from === newest(rows).from;
      const attributes = partAttributes(node, this.axisOf(node), range.to - range.from, before, after);
      const name = isNewest ? node.name : `${node.name}_padded`;
      const outputs = [this.addPart(output, part, isNewest ? this.nameOfNewest(output) : `${output}_padded`)];
      this.nodes.push({ ...node, name, inputs, outputs, attributes });
    }
  }

  /** Time in the data of a node. */
  private axisOf(node: Node): number {
    return this.analysis.rows.get(node.inputs[0]!)?.axis ?? 0;
  }

  /** The newest rows carry the name of the value, unless an output of the model is fewer of them. */
  private nameOfNewest(name: string): string {
    const rows = this.rowsOf(name);
    const isOutput = this.graph.outputs.includes(name);
    return isOutput && outputRange(rows).from !== newest(rows).from ? `${name}_newest` : name;
  }

  private addOutput(name: string): void {
    const rows = this.analysis.rows.get(name);
    if (rows === undefined || this.values.has(name)) return;
    const from = newest(rows).from;
    const range = outputRange(rows);
    this.values.set(name, this.partValue(name, range, name));
    const source = this.parts.get(keyOf(name, newest(rows)))!;
    this.nodes.push(
      sliceNode(
        `${name}_newest`,
        source,
        name,
        this.values.get(source)!.shape,
        rows.axis,
        range.from - from,
        range.to - from,
      ),
    );
  }

  private rowsOf(name: string): Rows {
    return this.analysis.rows.get(name)!;
  }

  private partValue(of: string, { from, to }: Range, name: string): Value {
    const value = valueOf(this.graph, of);
    const { axis } = this.rowsOf(of);
    return { ...withoutSource(value), name, shape: value.shape.map((size, i) => (i === axis ? to - from : size)) };
  }

  /** Adds the value of a part; `take` finds it. */
  private addPart(of: string, range: Range, stem: string): string {
    const name = this.addValue({ ...this.partValue(of, range, stem), name: stem });
    this.parts.set(keyOf(of, range), name);
    return name;
  }

  private addValue(value: Value): string {
    let name = value.name;
    for (let i = 1; this.values.has(name) || (name !== value.name && this.graph.values.has(name)); i += 1)
      name = `${value.name}__${i}`;
    this.values.set(name, { ...value, name });
    return name;
  }

  /** The rows of a value, from the parts and states that hold them. */
  private take(name: string, range: Range): string {
    const key = keyOf(name, range);
    const known = this.parts.get(key);
    if (known !== undefined) return known;
    const rows = this.rowsOf(name);
    const order = storageOrder(valueOf(this.graph, name).shape, rows.axis);
    const pieces: string[] = [];
    if (range.from < rows.first) {
      const front = this.parts.get(keyOf(name, { from: 0, to: rows.first }))!;
      pieces.push(this.cut(name, order, this.ordered(front, order), range.from, Math.min(range.to, rows.first)));
    }
    if (range.to > rows.first) {
      const { from } = this.needs.get(name)!;
      pieces.push(
        this.cut(name, order, this.joined(name, order), Math.max(range.from, rows.first) - from, range.to - from),
      );
    }
    const whole = pieces.length === 1 ? pieces[0]! : this.concat(name, order, pieces);
    const taken = this.unordered(whole, order);
    this.parts.set(key, taken);
    return taken;
  }

  /** Rows from the first one that is needed to the last one of the window, padded rows in front left out. */
  private joined(name: string, order: Permutation): string {
    const known = this.joinedOf.get(name);
    if (known !== undefined) return known;
    const rows = this.rowsOf(name);
    const latest = this.ordered(this.parts.get(keyOf(name, newest(rows)))!, order);
    const kept = rows.end - rows.hop - this.needs.get(name)!.from;
    const result = kept === 0 ? latest : this.addState(name, order, latest, kept);
    this.joinedOf.set(name, result);
    return result;
  }

  private addState(name: string, order: Permutation, latest: string, kept: number): string {
    const value = valueOf(this.graph, name);
    const { axis, hop } = this.rowsOf(name);
    const along = order.indexOf(axis);
    const shape = permuteShape(value.shape, order).map((size, i) => (i === along ? kept : size));
    const stem = `state_${this.states.length}`;
    const input = this.addValue({ ...withoutSource(value), name: stem, shape });
    const output = this.addValue({ ...withoutSource(value), name: `${stem}_next`, shape });
    const joined = this.concat(name, order, [input, latest]);
    this.nodes.push(
      sliceNode(`${output}_slice`, joined, output, this.values.get(joined)!.shape, along, hop, hop + kept),
    );
    this.states.push({ input, output, initial: value.quantization?.zeroPoint[0] ?? 0 });
    return joined;
  }

  private concat(name: string, order: Permutation, pieces: readonly string[]): string {
    const along = order.indexOf(this.rowsOf(name).axis);
    const shapes = pieces.map((piece) => this.values.get(piece)!.shape);
    const rows = shapes.reduce((sum, shape) => sum + shape[along]!, 0);
    const shape = shapes[0]!.map((size, i) => (i === along ? rows : size));
    const output = this.addValue({ ...withoutSource(valueOf(this.graph, name)), name: `${name}_rows`, shape });
    this.nodes.push({
      name: `${output}_concat`,
      op: 'Concat',
      domain: '',
      inputs: pieces,
      outputs: [output],
      attributes: { axis: along },
    });
    return output;
  }

  private cut(name: string, order: Permutation, from: string, start: number, end: number): string {
    const along = order.indexOf(this.rowsOf(name).axis);
    const value = this.values.get(from)!;
    if (start === 0 && end === value.shape[along]) return from;
    const shape = value.shape.map((size, i) => (i === along ? end - start : size));
    const output = this.addValue({ ...value, name: `${name}_part`, shape });
    this.nodes.push(sliceNode(`${output}_slice`, from, output, value.shape, along, start, end));
    return output;
  }

  private ordered(name: string, order: Permutation): string {
    if (isIdentity(order)) return name;
    const key = `${name} in its storage order`;
    const known = this.parts.get(key);
    if (known !== undefined) return known;
    const output = this.transpose(name, order, '_stored');
    this.parts.set(key, output);
    return output;
  }

  private unordered(name: string, order: Permutation): string {
    return isIdentity(order) ? name : this.transpose(name, inverse(order), '_read');
  }

  private transpose(name: string, perm: Permutation, suffix: string): string {
    const value = this.values.get(name)!;
    const output = this.addValue({ ...value, name: `${name}${suffix}`, shape: permuteShape(value.shape, perm) });
    this.nodes.push({
      name: `${output}_transpose`,
      op: 'Transpose',
      domain: '',
      inputs: [name],
      outputs: [output],
      attributes: { perm: [...perm] },
    });
    return output;
  }
}

function withoutSource({ source: _, ...value }: Value): Value {
  return value;
}

function keyOf(name: string, { from, to }: Range): string {
  return `${name} ${from} ${to}`;
}

/** Images are stored with their channels innermost, as kernels read them; elsewhere time goes to the front. */
function storageOrder(shape: readonly number[], axis: number): Permutation {
  const all = shape.map((_, i) => i);
  if (shape.slice(0, axis).every((size) => size === 1)) return all;
  return shape.length === 4 && axis >= 2 ? [0, 2, 3, 1] : [0, axis, ...all.filter((i) => i !== 0 && i !== axis)];
}

function sliceNode(
  name: string,
  from: string,
  to: string,
  shape: readonly number[],
  axis: number,
  start: number,
  end: number,
): Node {
  const attributes = {
    starts: shape.map((_, i) => (i === axis ? start : 0)),
    ends: shape.map((size, i) => (i === axis ? end : size)),
    axes: shape.map((_, i) => i),
    steps: shape.map(() => 1),
  };
  return { name, op: 'Slice', domain: '', inputs: [from], outputs: [to], attributes };
}
