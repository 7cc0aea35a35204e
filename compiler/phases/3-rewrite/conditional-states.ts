/**
 * A state that only one branch changes, Merge(condition, past, present), is not written in the other: the binding takes `present` under
 * the condition, and the state is updated in place by the branch alone. Without this both branches would copy it.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, StateBinding } from '../../ir/graph.js';
import { caseGuard, isMerge, underGuard } from '../../ir/guards.js';
import type { Pass } from './pass.js';

export const conditionalStates: Pass = {
  name: 'conditional-states',
  run(editor) {
    for (const state of editor.states) bindWhen(editor, state);
  },
};

/** Merges may nest: a branch within a branch. */
function bindWhen(editor: GraphEditor, first: StateBinding): void {
  let state = first;
  for (let merge = editor.producer(state.output); isMerge(merge); merge = editor.producer(state.output)) {
    const present = changedCase(editor, merge, state);
    if (present === undefined) return;
    const when = underGuard(state.when ?? [], caseGuard(merge, present));
    const next: StateBinding = { ...state, output: merge.inputs[present]!, when };
    editor.removeNode(merge);
    editor.outputs = editor.outputs.map((name) => (name === state.output ? next.output : name));
    editor.states = editor.states.map((other) => (other === state ? next : other));
    state = next;
  }
}

/** The one input of the Merge that is not the state as it was, when nothing else reads the result. */
function changedCase(editor: GraphEditor, merge: Node, { input, output }: StateBinding): number | undefined {
  if (editor.consumers(output).length > 0) return undefined;
  const changed = merge.inputs.flatMap((name, index) => (index > 0 && original(editor, name) !== input ? [index] : []));
  const [index] = changed;
  if (changed.length !== 1 || index === undefined) return undefined;
  const present = merge.inputs[index]!;
  const isEnd = editor.isGraphOutput(present) || editor.inputs.includes(present) || editor.value(present).constant;
  return isEnd ? undefined : index;
}

/** Behind Reshapes that change nothing. */
function original(editor: GraphEditor, name: string): string {
  const producer = editor.producer(name);
  const isSame =
    producer?.op === 'Reshape' &&
    producer.domain === '' &&
    editor.value(producer.inputs[0]!).shape.join() === editor.value(name).shape.join();
  return isSame ? original(editor, producer.inputs[0]!) : name;
}
