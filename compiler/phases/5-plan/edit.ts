/** Changes of a program before it is planned: copies where two values cannot be one piece of memory. */
import { type Graph, type Value, valueOf } from '../../ir/graph.js';
import type { Argument, KernelCall, Program, View } from '../../ir/kernel-call.js';
import { byteLength } from '../../ir/tensor.js';

/** A program being changed. */
export class ProgramEditor {
  private readonly values: Map<string, Value>;
  calls: KernelCall[];
  views: View[];

  constructor(private readonly base: Program) {
    this.values = new Map(base.graph.values);
    this.calls = [...base.calls];
    this.views = [...base.views];
  }

  get program(): Program {
    const graph: Graph = { ...this.base.graph, values: this.values };
    return { ...this.base, graph, calls: this.calls, views: this.views };
  }

  /** Adds a value with the type of `like` and a name made from `stem`; it stands for no ONNX tensor. */
  addValue(stem: string, like: string): string {
    const { dtype, shape } = valueOf(this.program.graph, like);
    const name = this.freshName(stem);
    this.values.set(name, { name, dtype, shape });
    return name;
  }

  /** A call that copies the bytes of `from` to the equally large `to`, at position `index` of the calls. */
  insertCopy(from: string, to: string, index: number): KernelCall {
    const call = copyCall(
      valueOf(this.program.graph, from),
      valueOf(this.program.graph, to),
      this.freshNode(`${to}__copy`),
    );
    this.calls.splice(index, 0, call);
    return call;
  }

  /** Everything that reads, writes or views `from` uses a new value instead, whose name is returned; `from` is free then. */
  rename(from: string, stem: string): string {
    const name = this.addValue(stem, from);
    this.values.set(name, { ...valueOf(this.program.graph, from), name });
    const swap = (other: string) => (other === from ? name : other);
    this.views = this.views.map((view) => ({
      ...view,
      node: { ...view.node, inputs: view.node.inputs.map(swap), outputs: view.node.outputs.map(swap) },
      value: swap(view.value),
      base: swap(view.base),
    }));
    this.calls = this.calls.map((call) => renameInCall(call, from, swap));
    return name;
  }

  private freshName(stem: string): string {
    let name = stem;
    for (let index = 1; this.values.has(name); index += 1) name = `${stem}_${index}`;
    return name;
  }

  private freshNode(stem: string): string {
    const taken = new Set(this.calls.map((call) => call.node.name));
    let name = stem;
    for (let index = 1; taken.has(name); index += 1) name = `${stem}_${index}`;
    return name;
  }
}

function renameInCall(call: KernelCall, from: string, swap: (name: string) => string): KernelCall {
  const touches = call.arguments.some((a) => a.kind === 'value' && a.value === from);
  if (!touches) return call;
  const swapArgument = (a: Argument): Argument => (a.kind === 'value' ? { ...a, value: swap(a.value) } : a);
  return {
    ...call,
    arguments: call.arguments.map(swapArgument),
    overlaps: call.overlaps.map((overlap) => ({
      ...overlap,
      input: swap(overlap.input),
      output: swap(overlap.output),
    })),
  };
}

function copyCall(from: Value, to: Value, nodeName: string): KernelCall {
  const bytes = byteLength(to);
  return {
    node: { name: nodeName, op: 'Copy', domain: 'ai.nanoc', inputs: [from.name], outputs: [to.name], attributes: {} },
    family: 'portable',
    function: 'nanoc_copy',
    header: 'nanoc/copy.h',
    sources: ['portable/nanoc_copy.c'],
    arguments: [
      { kind: 'value', value: from.name, access: 'read' },
      { kind: 'value', value: to.name, access: 'write' },
      { kind: 'int', value: bytes, comment: 'bytes' },
    ],
    // The kernel copies right however the two lie.
    overlaps: [{ input: from.name, output: to.name, lead: -bytes }],
    macs: 0,
  };
}
