/** Changes of a program before it is planned: copies where two values cannot be one piece of memory. */
import { copyCall } from '../../ir/copy-call.js';
import { type Graph, type Value, valueOf } from '../../ir/graph.js';
import type { Guard } from '../../ir/guards.js';
import type { Argument, KernelCall, Program, View } from '../../ir/kernel-call.js';

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

  /** A call that copies the bytes of `from` to the equally large `to`, at position `index` of the calls and under the guards. */
  insertCopy(from: string, to: string, index: number, guards: readonly Guard[] = []): KernelCall {
    const copy = copyCall(
      valueOf(this.program.graph, from),
      valueOf(this.program.graph, to),
      this.freshNode(`${to}__copy`),
    );
    const call = guards.length === 0 ? copy : { ...copy, guards };
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
  const guards = call.guards?.map((guard) => ({ ...guard, selector: swap(guard.selector) }));
  if (!touches && !call.guards?.some(({ selector }) => selector === from)) return call;
  const swapArgument = (a: Argument): Argument => (a.kind === 'value' ? { ...a, value: swap(a.value) } : a);
  return {
    ...call,
    ...(guards === undefined ? {} : { guards }),
    arguments: call.arguments.map(swapArgument),
    overlaps: call.overlaps.map((overlap) => ({
      ...overlap,
      input: swap(overlap.input),
      output: swap(overlap.output),
    })),
  };
}
