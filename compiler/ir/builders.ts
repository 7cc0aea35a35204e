import type { Graph, Node, Value } from './graph.js';
import type { Tensor } from './tensor.js';

/** A graph being changed by one pass. `finish()` sorts the nodes, drops what nothing reads, and gives an immutable graph again. */
export class GraphEditor {
  readonly values: Map<string, Value>;
  nodes: Node[];
  inputs: string[];
  outputs: string[];

  constructor(private readonly base: Graph) {
    this.values = new Map(base.values);
    this.nodes = [...base.nodes];
    this.inputs = [...base.inputs];
    this.outputs = [...base.outputs];
  }

  value(name: string): Value {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`invariant: no value "${name}" in graph "${this.base.name}"`);
    return value;
  }

  /** A name that is not taken yet, made from `stem`. */
  freshName(stem: string): string {
    const taken = (name: string) => this.values.has(name) || this.nodes.some((node) => node.name === name);
    if (!taken(stem)) return stem;
    let index = 1;
    while (taken(`${stem}__${index}`)) index += 1;
    return `${stem}__${index}`;
  }

  /** Adds a value (the name is made unique) and returns its name. */
  addValue(value: Value): string {
    const name = this.freshName(value.name);
    this.values.set(name, { ...value, name });
    return name;
  }

  setValue(value: Value): void {
    this.values.set(value.name, value);
  }

  addConstant(stem: string, tensor: Tensor, extra: Partial<Value> = {}): string {
    return this.addValue({ ...extra, name: stem, dtype: tensor.dtype, shape: tensor.shape, constant: tensor });
  }

  /** Adds a node (the name is made unique). Order does not matter until `finish()`. */
  addNode(node: Node): Node {
    const added = { ...node, name: this.freshName(node.name) };
    this.nodes.push(added);
    return added;
  }

  replaceNode(old: Node, ...replacements: Node[]): void {
    const index = this.nodes.indexOf(old);
    if (index < 0) throw new Error(`invariant: node "${old.name}" is not in graph "${this.base.name}"`);
    this.nodes.splice(index, 1, ...replacements);
  }

  removeNode(node: Node): void {
    this.replaceNode(node);
  }

  /** Makes every reader of `from` read `to` instead. Graph outputs are renamed only with `outputsToo`. */
  replaceUses(from: string, to: string, outputsToo = false): void {
    this.nodes = this.nodes.map((node) =>
      node.inputs.includes(from) ? { ...node, inputs: node.inputs.map((name) => (name === from ? to : name)) } : node,
    );
    if (outputsToo) this.outputs = this.outputs.map((name) => (name === from ? to : name));
  }

  producer(name: string): Node | undefined {
    return name === '' ? undefined : this.nodes.find((node) => node.outputs.includes(name));
  }

  consumers(name: string): Node[] {
    return this.nodes.filter((node) => node.inputs.includes(name));
  }

  isGraphOutput(name: string): boolean {
    return this.outputs.includes(name);
  }

  finish(): Graph {
    const nodes = sortTopologically(removeDead(this.nodes, this.outputs));
    const used = new Set([...this.inputs, ...this.outputs]);
    for (const node of nodes) for (const name of [...node.inputs, ...node.outputs]) used.add(name);
    const values = new Map([...this.values].filter(([name]) => used.has(name)));
    return { ...this.base, inputs: this.inputs, outputs: this.outputs, values, nodes };
  }
}

function removeDead(nodes: readonly Node[], outputs: readonly string[]): Node[] {
  const producer = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) producer.set(output, node);
  const live = new Set<Node>();
  const stack = [...outputs];
  while (stack.length > 0) {
    const node = producer.get(stack.pop()!);
    if (node === undefined || live.has(node)) continue;
    live.add(node);
    stack.push(...node.inputs);
  }
  return nodes.filter((node) => live.has(node));
}

/** Kahn's algorithm, keeping the given order where it can. A cycle is a defect here: 2-check has refused cyclic models. */
export function sortTopologically(nodes: readonly Node[]): Node[] {
  const producer = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const output of node.outputs) if (output !== '') producer.set(output, index);
  });
  const waiting = nodes.map(() => 0);
  const readers: number[][] = nodes.map(() => []);
  nodes.forEach((node, index) => {
    for (const input of new Set(node.inputs)) {
      const from = producer.get(input);
      if (from === undefined) continue;
      waiting[index]! += 1;
      readers[from]!.push(index);
    }
  });
  const ready: number[] = [];
  waiting.forEach((count, index) => {
    if (count === 0) ready.push(index);
  });
  const sorted: Node[] = [];
  while (ready.length > 0) {
    let best = 0;
    for (let i = 1; i < ready.length; i += 1) if (ready[i]! < ready[best]!) best = i;
    const [index] = ready.splice(best, 1);
    sorted.push(nodes[index!]!);
    for (const reader of readers[index!]!) {
      waiting[reader]! -= 1;
      if (waiting[reader] === 0) ready.push(reader);
    }
  }
  if (sorted.length !== nodes.length) throw new Error('invariant: the graph has a cycle');
  return sorted;
}
