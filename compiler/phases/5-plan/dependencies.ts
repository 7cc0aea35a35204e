/** What must run before what. */
import { areExclusive } from '../../ir/guards.js';
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import { type Contents, type Definition, readsOf, writersOf } from './contents.js';

/** A definition that is written over the memory of a state, by the definition of that state. */
export function overwritesOf(program: Program, contents: Contents): Map<Definition, Definition> {
  const overwrites = new Map<Definition, Definition>();
  for (const view of program.views) {
    if (contents.kindOf(view) !== 'overwrite') continue;
    overwrites.set(contents.definitions.get(view.base)!, contents.definitions.get(view.value)!);
  }
  return overwrites;
}

/**
 * For each call the calls that must run before it: the writers of what it reads, but those of branches that exclude its own, and,
 * when it overwrites a state, every other reader of the old state. Calls that write the same value keep their order.
 */
export function dependenciesOf(program: Program, contents: Contents): Map<KernelCall, Set<KernelCall>> {
  const before = new Map<KernelCall, Set<KernelCall>>(program.calls.map((call) => [call, new Set()]));
  const overwrites = overwritesOf(program, contents);
  for (const call of program.calls) {
    for (const name of readsOf(call)) {
      for (const { definition } of contents.piecesOf(name)) {
        for (const writer of writersOf(definition))
          if (!areExclusive(writer.guards ?? [], call.guards ?? [])) before.get(call)!.add(writer);
        const next = overwrites.get(definition);
        for (const writer of next === undefined ? [] : writersOf(next))
          if (writer !== call) before.get(writer)!.add(call);
      }
    }
  }
  for (const definition of contents.definitions.values()) {
    writersOf(definition).forEach((writer, index, all) => {
      if (index > 0) before.get(writer)!.add(all[index - 1]!);
    });
  }
  return before;
}

/**
 * Topological order that keeps the given one as far as it can: a call comes where it stood or, if something needs it
 * earlier, right before that. Calls in `lazy` come only when something needs them, or at the end.
 * @returns undefined when there is a cycle
 */
export function sortCalls(
  program: Program,
  contents: Contents,
  lazy: ReadonlySet<KernelCall> = new Set(),
): KernelCall[] | undefined {
  const before = dependenciesOf(program, contents);
  const position = new Map(program.calls.map((call, index) => [call, index]));
  const sorted: KernelCall[] = [];
  const done = new Map<KernelCall, 'open' | 'done'>();
  const visit = (root: KernelCall): boolean => {
    // An explicit stack: chains are as long as the graph.
    const stack = [root];
    while (stack.length > 0) {
      const call = stack.at(-1)!;
      if (done.get(call) === 'done') {
        stack.pop();
        continue;
      }
      const waiting = [...before.get(call)!].filter((other) => done.get(other) !== 'done');
      if (waiting.length === 0) {
        done.set(call, 'done');
        sorted.push(call);
        stack.pop();
        continue;
      }
      if (done.get(call) === 'open') return false;
      done.set(call, 'open');
      if (waiting.some((other) => done.get(other) === 'open')) return false;
      stack.push(...waiting.sort((a, b) => position.get(b)! - position.get(a)!));
    }
    return true;
  };
  for (const call of program.calls) if (!lazy.has(call) && !visit(call)) return undefined;
  for (const call of program.calls) if (!visit(call)) return undefined;
  return sorted;
}

/** Whether any call lies on a way back to itself. */
export function hasCycle(program: Program, contents: Contents): boolean {
  return sortCalls(program, contents) === undefined;
}
