/**
 * Conditional computation in a flat graph. ONNX `If` becomes nodes of both branches and one `Merge(selector, case 0, case 1 ...)` for each
 * output (1-import); nothing else marks a branch. Nodes have no effects, so when a node must run follows from who needs it: one
 * that only case 1 of a Merge needs must run only where the selector is 1. Passes need not know of branches: whatever they make, its guards
 * are worked out anew.
 */
import type { Graph, Node } from './graph.js';

/** A computation that is needed only where the selector, an integer or bool of one element, has this value. */
export interface Guard {
  readonly selector: string;
  readonly equals: number;
}

export type MergeNode = Node & { readonly op: 'Merge' };

export function isMerge(node: Node | undefined): node is MergeNode {
  return node?.op === 'Merge' && node.domain === 'ai.nanoc';
}

/** Guards that both lists begin with: what must hold wherever one of the two does. */
export function commonGuards(a: readonly Guard[], b: readonly Guard[]): readonly Guard[] {
  const length = a.findIndex((guard, index) => !sameGuard(guard, b[index]));
  return length < 0 ? a : a.slice(0, length);
}

function sameGuard(a: Guard, b: Guard | undefined): boolean {
  return a.selector === b?.selector && a.equals === b.equals;
}

/** Whether no computation can be under both: one selector would have two values. */
export function areExclusive(a: readonly Guard[], b: readonly Guard[]): boolean {
  return a.some(({ selector, equals }) => b.some((other) => other.selector === selector && other.equals !== equals));
}

/** Whether `outer` holds wherever `inner` does. */
export function isWithin(inner: readonly Guard[], outer: readonly Guard[]): boolean {
  return outer.every((guard) => inner.some((other) => sameGuard(guard, other)));
}

/** `guards` and one more, which is left out where it stands there already. */
export function underGuard(guards: readonly Guard[], guard: Guard): readonly Guard[] {
  return guards.some(({ selector }) => selector === guard.selector) ? guards : [...guards, guard];
}

/** The guard under which a Merge takes its input `index` (1 and up). */
export function caseGuard(merge: Node, index: number): Guard {
  return { selector: merge.inputs[0]!, equals: index - 1 };
}

/** For every node the guards under which its outputs are needed, outermost first; none where they always are. */
export function guardsOf(graph: Graph): ReadonlyMap<Node, readonly Guard[]> {
  const needed = new Map<string, readonly Guard[]>();
  const need = (name: string, guards: readonly Guard[]): void => {
    const known = needed.get(name);
    needed.set(name, known === undefined ? guards : commonGuards(known, guards));
  };
  const conditional = new Map(graph.states.flatMap(({ output, when }) => (when === undefined ? [] : [[output, when]])));
  for (const name of graph.outputs) need(name, conditional.get(name) ?? []);
  for (const when of conditional.values())
    for (const [index, guard] of when.entries()) need(guard.selector, when.slice(0, index));
  const result = new Map<Node, readonly Guard[]>();
  for (const node of [...graph.nodes].reverse()) {
    const uses = node.outputs.flatMap((name) => (needed.has(name) ? [needed.get(name)!] : []));
    const guards = uses.length === 0 ? [] : uses.reduce(commonGuards);
    result.set(node, guards);
    node.inputs.forEach((name, index) => {
      if (name === '') return;
      need(name, isMerge(node) && index > 0 ? underGuard(guards, caseGuard(node, index)) : guards);
    });
  }
  return result;
}
