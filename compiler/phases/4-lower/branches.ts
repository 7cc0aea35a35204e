/**
 * What is left of branches in a program: calls under guards, and values that a call of each branch writes. A Merge has no call where the
 * branches can write its output themselves; else the branch that cannot copies.
 */
import { copyCall } from '../../ir/copy-call.js';
import { type Graph, type Node, valueOf } from '../../ir/graph.js';
import { caseGuard, type Guard, guardsOf, isMerge, isWithin, type MergeNode, underGuard } from '../../ir/guards.js';
import type { Argument, KernelCall, Program, View } from '../../ir/kernel-call.js';
import { byteLength } from '../../ir/tensor.js';

/** A node and its call, which a Merge has not. */
export interface LoweredNode {
  readonly node: Node;
  readonly call?: KernelCall;
}

/** @param lowered nodes in graph order, without those that are views alone */
export function joinBranches(graph: Graph, lowered: readonly LoweredNode[], views: readonly View[]): Program {
  const guards = guardsOf(graph);
  const renamed = new Map<string, string>();
  const join = new Joiner(graph, lowered, views, guards, renamed);
  const calls = lowered.flatMap(({ node, call }): KernelCall[] => {
    if (isMerge(node)) return join.copiesFor(node);
    const own = guards.get(node)!;
    return call === undefined ? [] : [own.length === 0 ? call : { ...call, guards: own }];
  });
  if (renamed.size === 0) return { graph, calls, views };
  const nameOf = (name: string): string => {
    const next = renamed.get(name);
    return next === undefined ? name : nameOf(next);
  };
  return {
    graph,
    calls: calls.map((call) => renameInCall(call, nameOf)),
    views: views.flatMap((view) => renameInView(view, nameOf)),
  };
}

/** Names that a value may have in the program: its own, and that of the Merge whose output it is written as. */
export function namesInProgram(name: string, readers: ReadonlyMap<string, readonly Node[]>): string[] {
  const next = (readers.get(name) ?? []).filter(
    (node) => isMerge(node) || (node.op === 'Reshape' && node.domain === ''),
  );
  return [name, ...next.flatMap(({ outputs }) => namesInProgram(outputs[0]!, readers))];
}

class Joiner {
  private readonly writers = new Map<string, Node>();
  private readonly windowOf: ReadonlyMap<string, View>;
  private readonly parts: ReadonlySet<string>;

  constructor(
    private readonly graph: Graph,
    lowered: readonly LoweredNode[],
    views: readonly View[],
    private readonly guards: ReadonlyMap<Node, readonly Guard[]>,
    /** From values that are written where a Merge's output lies, to that output. */
    private readonly renamed: Map<string, string>,
  ) {
    const written = (call: KernelCall) =>
      call.arguments.flatMap((a) => (a.kind === 'value' && a.access === 'write' ? [a.value] : []));
    for (const { node, call } of lowered)
      for (const name of call === undefined ? node.outputs : written(call)) this.writers.set(name, node);
    const isPart = ({ node, base }: View) => node.outputs.includes(base);
    this.windowOf = new Map(views.filter((view) => !isPart(view)).map((view) => [view.value, view]));
    this.parts = new Set(views.filter(isPart).map(({ value }) => value));
  }

  /** Copies for the cases that are not written to the Merge's output at once. */
  copiesFor(merge: MergeNode): KernelCall[] {
    const outer = this.guards.get(merge)!;
    const output = merge.outputs[0]!;
    return merge.inputs.slice(1).flatMap((name, index): KernelCall[] => {
      const guards = underGuard(outer, caseGuard(merge, index + 1));
      const source = this.wholeOf(name);
      if (this.canWrite(source, guards)) {
        this.renamed.set(source, output);
        return [];
      }
      const copy = copyCall(valueOf(this.graph, name), valueOf(this.graph, output), `${merge.name}/case_${index}`);
      return [{ ...copy, guards }];
    });
  }

  /** Behind views that rename the whole. */
  private wholeOf(name: string): string {
    const view = this.windowOf.get(name);
    const isWhole =
      view !== undefined &&
      view.byteOffset === 0 &&
      byteLength(valueOf(this.graph, view.base)) === byteLength(valueOf(this.graph, name));
    return isWhole && !this.graph.outputs.includes(name) ? this.wholeOf(view.base) : name;
  }

  /** Whether the value's writer can write it in the place of the Merge's output: nobody needs it outside of the branch. */
  private canWrite(name: string, guards: readonly Guard[]): boolean {
    const writer = this.writers.get(name);
    if (writer === undefined || this.renamed.has(name) || this.parts.has(name)) return false;
    return !this.graph.outputs.includes(name) && isWithin(this.guards.get(writer)!, guards);
  }
}

function renameInCall(call: KernelCall, nameOf: (name: string) => string): KernelCall {
  const renameArgument = (a: Argument): Argument => (a.kind === 'value' ? { ...a, value: nameOf(a.value) } : a);
  return {
    ...call,
    node: renameInNode(call.node, nameOf),
    ...(call.guards === undefined
      ? {}
      : { guards: call.guards.map((guard) => ({ ...guard, selector: nameOf(guard.selector) })) }),
    arguments: call.arguments.map(renameArgument),
    overlaps: call.overlaps.map((each) => ({ ...each, input: nameOf(each.input), output: nameOf(each.output) })),
  };
}

/** Nothing where a view of the renamed value was the Merge's output. */
function renameInView(view: View, nameOf: (name: string) => string): View[] {
  const [value, base] = [nameOf(view.value), nameOf(view.base)];
  return value === base ? [] : [{ ...view, node: renameInNode(view.node, nameOf), value, base }];
}

function renameInNode(node: Node, nameOf: (name: string) => string): Node {
  return { ...node, inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf) };
}
