/**
 * Makes a program whose views and states all can hold at once: where two values cannot be one piece of memory, a copy parts
 * them. The result is a program like any other, with a few more values and calls.
 */
import { fail } from '../../diagnostics/diagnostic.js';
import type { StateBinding } from '../../ir/graph.js';
import { isWithin } from '../../ir/guards.js';
import type { KernelCall, Program, View } from '../../ir/kernel-call.js';
import { type Contents, contentsOf, guardsOfValue, type Piece, readsOf, writersOf } from './contents.js';
import { hasCycle, sortCalls } from './dependencies.js';
import { ProgramEditor } from './edit.js';
import { Groups } from './groups.js';

/**
 * @param kept states that may lie inside the memory of a Concat that reads them: the whole Concat is in state memory then
 */
export function separate(program: Program, kept: ReadonlySet<string> = new Set()): Program {
  // Updates in place ask for an order of their own; a call that reads the old and the new state rules them out.
  const separated = separateWith(program, kept, true) ?? separateWith(program, kept, false);
  if (separated === undefined) throw new Error('invariant: the calls have a cycle');
  return separated;
}

/** Undefined when the calls would have a cycle. */
function separateWith(program: Program, kept: ReadonlySet<string>, inPlace: boolean): Program | undefined {
  const editor = new ProgramEditor(program);
  const lazy = new Set<KernelCall>();
  partWindows(editor, lazy);
  saveOldStates(editor);
  for (const state of program.graph.states) updateState(editor, state, inPlace);
  partConcats(editor, kept, lazy);
  const calls = sortCalls(editor.program, contentsOf(editor.program), lazy);
  return calls === undefined ? undefined : { ...editor.program, calls };
}

/** Views of what was there before: a copy only where alignment asks for it. */
function partWindows(editor: ProgramEditor, lazy: Set<KernelCall>): void {
  const contents = contentsOf(editor.program);
  const groups = new Groups(editor.program, contents);
  for (const view of [...editor.views]) {
    if (contents.kindOf(view) === 'part' || groups.join(view) === undefined) continue;
    const window = editor.addValue(`${view.value}__window`, view.value);
    editor.views = editor.views.map((other) => (other === view ? { ...view, value: window } : other));
    lazy.add(editor.insertCopy(window, view.value, editor.calls.length, guardsOfValue(contents, view.base)));
  }
}

/** Concat's views. A part that cannot be written at its place is copied there. */
function partConcats(editor: ProgramEditor, kept: ReadonlySet<string>, lazy: Set<KernelCall>): void {
  const contents = contentsOf(editor.program);
  const groups = joinedGroups(editor.program, contents, 'all but parts');
  const states = new Set(editor.program.graph.states.map((state) => state.input));
  const inputs = new Set(editor.program.graph.inputs.filter((name) => !states.has(name)));
  const mayJoin = (view: View): boolean => {
    const members = [...groups.groupOf(view.value).members, ...groups.groupOf(view.base).members];
    const inside = members.filter((member) => states.has(member.name));
    // The caller's inputs stay in the arena.
    return (
      inside.length === 0 ||
      (inside.every((member) => kept.has(member.name)) && !members.some((member) => inputs.has(member.name)))
    );
  };
  for (const view of [...editor.views]) {
    if (contents.kindOf(view) !== 'part') continue;
    if (mayJoin(view) && groups.join(view) === undefined) continue;
    const window = editor.addValue(`${view.value}__part`, view.value);
    editor.views = editor.views.map((other) => (other === view ? { ...view, value: window } : other));
    lazy.add(editor.insertCopy(view.value, window, editor.calls.length, guardsOfValue(contents, view.value)));
  }
}

/** Groups with their views joined; views that a separated program has always can be. */
export function joinedGroups(program: Program, contents: Contents, which: 'all' | 'all but parts' = 'all'): Groups {
  const groups = new Groups(program, contents);
  // Windows first: they decide what a value is; then what is written over it.
  for (const kind of ['window', 'part', 'overwrite'] as const) {
    if (kind === 'part' && which !== 'all') continue;
    for (const view of program.views) {
      if (contents.kindOf(view) !== kind) continue;
      const problem = groups.join(view);
      if (problem !== undefined) throw new Error(`invariant: view "${view.value}" of "${view.base}": ${problem}`);
    }
  }
  return groups;
}

/**
 * Brings a state's next value into its memory. After the last step that memory holds it under the name of the state's output:
 * it is there already (nothing changes it), is written there in place, or is copied there.
 */
function updateState(editor: ProgramEditor, state: StateBinding, inPlace: boolean): void {
  const contents = contentsOf(editor.program);
  const overwritten = editor.views.some((view) => view.base === state.input && contents.kindOf(view) === 'overwrite');
  if (overwritten || isUnchanged(contents, state)) return;
  const node = {
    name: `${state.output}__state`,
    op: 'State',
    domain: 'ai.nanoc',
    inputs: [state.input],
    outputs: [],
    attributes: {},
  };
  const direct = inPlace ? directWriter(editor, contents, state) : undefined;
  if (direct !== undefined) {
    editor.views.push({ node, value: direct, base: state.input, byteOffset: 0 });
    if (!hasCycle(editor.program, contentsOf(editor.program))) return;
    editor.views.pop();
  }
  const renamed = contents.definitions.get(state.output)?.writer;
  const fixed = renamed === 'input' || renamed === 'state' || renamed === 'constant';
  const from = fixed ? state.output : editor.rename(state.output, `${state.output}__next`);
  const to = fixed ? editor.addValue(`${state.output}__state`, state.output) : state.output;
  const index = positionAfter(editor, [from, state.input]);
  const copy = editor.insertCopy(from, to, index, state.when);
  editor.views.push({ node, value: to, base: state.input, byteOffset: 0 });
  if (!hasCycle(editor.program, contentsOf(editor.program))) return;
  // Two states that change places: the one that is read by the other's update is put aside first.
  const aside = editor.addValue(`${state.output}__aside`, from);
  editor.calls = editor.calls.filter((call) => call !== copy);
  editor.insertCopy(from, aside, index, state.when);
  editor.insertCopy(aside, to, editor.calls.length, state.when);
}

function isUnchanged(contents: Contents, state: StateBinding): boolean {
  return isWholeOf(contents.piecesOf(state.output), state.input, contents);
}

function isWholeOf(pieces: readonly Piece[], name: string, contents: Contents): boolean {
  const definition = contents.definitions.get(name)!;
  if (definition.bytes === 0) return true;
  return pieces.length === 1 && pieces[0]!.definition === definition && pieces[0]!.bytes === definition.bytes;
}

/** The value whose writer can write it into the state's memory at once; undefined when there is none. */
function directWriter(editor: ProgramEditor, contents: Contents, state: StateBinding): string | undefined {
  const { definition } = contents.piecesOf(state.output)[0]!;
  if (!isWholeOf(contents.piecesOf(state.output), definition.name, contents)) return undefined;
  const { writer, alternatives } = definition;
  if (typeof writer === 'string' || alternatives.length > 0) return undefined;
  // What is computed always must not be written into a state that changes sometimes.
  if (!isWithin(writer.guards ?? [], state.when ?? [])) return undefined;
  const groups = joinedGroups(editor.program, contents, 'all but parts');
  const group = groups.groupOf(definition.name);
  if (group.region !== 'arena') return undefined;
  const members = new Set(group.members.map((member) => member.name));
  // A part of a Concat has its place there.
  if (
    editor.views.some((view) => contents.kindOf(view) === 'part' && (members.has(view.value) || members.has(view.base)))
  )
    return undefined;
  return writesOver(writer, contents, state.input, definition.name) ? definition.name : undefined;
}

/** Whether a call may write `output` at the address of the state while it reads the state. */
function writesOver(call: KernelCall, contents: Contents, state: string, output: string): boolean {
  const definition = contents.definitions.get(state)!;
  const reads = readsOf(call).filter((name) =>
    contents.piecesOf(name).some((piece) => piece.definition === definition),
  );
  return reads.every((name) => {
    const entries = call.overlaps.filter((overlap) => overlap.input === name && overlap.output === output);
    if (entries.length < reads.filter((other) => other === name).length) return false;
    // Only where the value read lies in the state's own memory: then it starts `start - at` bytes into it.
    const pieces = contents.piecesOf(name);
    if (pieces.length !== 1 || pieces[0]!.at !== 0) return false;
    const distance = pieces[0]!.start;
    return entries.every(({ lead, multiple }) => lead <= distance && distance % (multiple ?? 1) === 0);
  });
}

/** Index behind every writer and reader of the bytes of these values. */
function positionAfter(editor: ProgramEditor, names: readonly string[]): number {
  const contents = contentsOf(editor.program);
  const definitions = new Set(names.flatMap((name) => contents.piecesOf(name).map((piece) => piece.definition)));
  const wrote = new Set([...definitions].flatMap(writersOf));
  const state = contents.definitions.get(names[1]!)!;
  const last = editor.calls.findLastIndex(
    (call) =>
      wrote.has(call) ||
      readsOf(call).some((name) => contents.piecesOf(name).some((piece) => piece.definition === state)),
  );
  return last + 1;
}

/** Outputs that show bytes of a state's old value are copied out, so that they are there when the new one is. */
function saveOldStates(editor: ProgramEditor): void {
  const { states, outputs } = editor.program.graph;
  let contents = contentsOf(editor.program);
  for (const output of outputs) {
    if (states.some((state) => state.output === output)) continue;
    if (contents.definitions.get(output)?.writer === 'state') refuseOldState(output);
    if (contents.definitions.has(output)) continue;
    const changes = states.filter((state) => !isUnchanged(contents, state)).map((state) => state.input);
    const holdsOld = contents.piecesOf(output).some(({ definition }) => changes.includes(definition.name));
    if (!holdsOld) continue;
    editor.insertCopy(editor.rename(output, `${output}__old`), output, 0);
    contents = contentsOf(editor.program);
  }
}

function refuseOldState(name: string): never {
  return fail({
    code: 'NC0410',
    message: `"${name}" is the input of a state and an output of the model`,
    because: 'after an inference the memory of a state holds its next value',
    help: 'give the output a name of its own with an Identity node, or do not bind the state',
  });
}
