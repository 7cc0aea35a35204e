import type { Graph, Node, StateBinding, Value } from './graph.js';
import type { Tensor } from './tensor.js';

/**
 * A graph being changed by one pass. Producers and consumers are indexed, so that a pass over a thousand nodes is quick.
 * `finish()` sorts the nodes, drops what nothing reads, and gives an immutable graph again.
 */
export class GraphEditor {
  readonly values: Map<string, Value>;
  inputs: string[];
  outputs: string[];
  states: readonly StateBinding[];
  /** Position of each node; replacements take the place of what they replace. */
  private readonly order = new Map<Node, number>();
  private readonly producerOf = new Map<string, Node>();
  private readonly consumersOf = new Map<string, Set<Node>>();
  private readonly nodeNames = new Set<string>();
  private next: number;

  constructor(readonly base: Graph) {
    this.values = new Map(base.values);
    this.inputs = [...base.inputs];
    this.outputs = [...base.outputs];
    this.states = base.states;
    this.next = base.nodes.length;
    base.nodes.forEach((node, index) => {
      this.link(node, index);
    });
  }

  /** The nodes at this moment, in order of their positions (not sorted topologically before `finish()`). */
  get nodes(): Node[] {
    return [...this.order].sort((a, b) => a[1] - b[1]).map(([node]) => node);
  }

  has(node: Node): boolean {
    return this.order.has(node);
  }

  value(name: string): Value {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`invariant: no value "${name}" in graph "${this.base.name}"`);
    return value;
  }

  /** A name that is not taken yet by a value or node, made from `stem`. */
  freshName(stem: string): string {
    const taken = (name: string) => this.values.has(name) || this.nodeNames.has(name);
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
    const added = { ...node, name: this.nodeNames.has(node.name) ? this.freshName(node.name) : node.name };
    this.link(added, this.next++);
    return added;
  }

  /** Puts `replacements` in the place of `old`. */
  replaceNode(old: Node, ...replacements: Node[]): void {
    const position = this.order.get(old);
    if (position === undefined) throw new Error(`invariant: node "${old.name}" is not in graph "${this.base.name}"`);
    this.unlink(old);
    for (const node of replacements) this.link(node, position);
  }

  /** A changed copy of a node in its place. */
  updateNode(node: Node, patch: Partial<Node>): Node {
    const updated = { ...node, ...patch };
    this.replaceNode(node, updated);
    return updated;
  }

  removeNode(node: Node): void {
    this.replaceNode(node);
  }

  /** Makes every reader of `from` read `to` instead. Graph outputs are renamed only with `outputsToo`. */
  replaceUses(from: string, to: string, outputsToo = false): void {
    for (const node of this.consumers(from)) {
      this.updateNode(node, { inputs: node.inputs.map((name) => (name === from ? to : name)) });
    }
    this.states = this.states.map((state) => withSelector(state, from, to));
    if (outputsToo) this.outputs = this.outputs.map((name) => (name === from ? to : name));
  }

  producer(name: string): Node | undefined {
    return this.producerOf.get(name);
  }

  /** Readers of a value, in order of position; a node that reads it twice is listed once. */
  consumers(name: string): Node[] {
    const set = this.consumersOf.get(name);
    if (set === undefined) return [];
    return [...set].sort((a, b) => this.order.get(a)! - this.order.get(b)!);
  }

  isGraphOutput(name: string): boolean {
    return this.outputs.includes(name);
  }

  finish(): Graph {
    const selectors = this.states.flatMap(({ when = [] }) => when.map(({ selector }) => selector));
    const nodes = sortTopologically(removeDead(this.nodes, [...this.outputs, ...selectors]));
    const used = new Set([...this.inputs, ...this.outputs, ...selectors]);
    for (const node of nodes) for (const name of [...node.inputs, ...node.outputs]) used.add(name);
    const values = new Map([...this.values].filter(([name]) => used.has(name)));
    return { ...this.base, inputs: this.inputs, outputs: this.outputs, states: this.states, values, nodes };
  }

  private link(node: Node, position: number): void {
    this.order.set(node, position);
    this.nodeNames.add(node.name);
    for (const output of node.outputs) if (output !== '') this.producerOf.set(output, node);
    for (const input of node.inputs) {
      if (input === '') continue;
      const set = this.consumersOf.get(input);
      if (set === undefined) this.consumersOf.set(input, new Set([node]));
      else set.add(node);
    }
  }

  private unlink(node: Node): void {
    this.order.delete(node);
    this.nodeNames.delete(node.name);
    for (const output of node.outputs) if (this.producerOf.get(output) === node) this.producerOf.delete(output);
    for (const input of node.inputs) this.consumersOf.get(input)?.delete(node);
  }
}

/** The selectors of a conditional state are uses like any other. */
function withSelector(state: StateBinding, from: string, to: string): StateBinding {
  if (!state.when?.some(({ selector }) => selector === from)) return state;
  return { ...state, when: state.when.map((guard) => (guard.selector === from ? { ...guard, selector: to } : guard)) };
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
