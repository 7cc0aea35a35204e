/** What must run before what. */
import type { KernelCall, Program } from '../../ir/kernel-call.js';
import { type Contents, type Definition, readsOf, writesOf } from './contents.js';

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
 * For each call the calls that must run before it: the writers of what it reads and, when it overwrites a state, every other
 * reader of the old state.
 */
export function dependenciesOf(program: Program, contents: Contents): Map<KernelCall, Set<KernelCall>> {
  const before = new Map<KernelCall, Set<KernelCall>>(program.calls.map((call) => [call, new Set()]));
  const overwrites = overwritesOf(program, contents);
  for (const call of program.calls) {
    for (const name of readsOf(call)) {
      for (const { definition } of contents.piecesOf(name)) {
        if (typeof definition.writer !== 'string') before.get(call)!.add(definition.writer);
        const next = overwrites.get(definition)?.writer;
        if (next !== undefined && typeof next !== 'string' && next !== call) before.get(next)!.add(call);
      }
    }
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

/** Calls that write graph values which nothing reads later and that are no outputs do not exist here: every call has a use. */
export function writersOf(program: Program): Map<string, KernelCall> {
  const writers = new Map<string, KernelCall>();
  for (const call of program.calls) for (const name of writesOf(call)) writers.set(name, call);
  return writers;
}
