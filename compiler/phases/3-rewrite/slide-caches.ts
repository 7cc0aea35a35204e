/**
 * A sliding window: the last rows of Concat(past, rows), as many as past has, are the next state. They become CacheShift, which moves the
 * window on in the state's own memory:
 *
 *     present = Slice(Concat(past, rows))       read by others only as present
 *     present = Concat(Slice(past), rows)
 *
 * Where the whole Concat is read (the window and the rows that are new), the state is the Concat itself: its first rows are those that
 * fall out, so nothing of them is ever read. A window in one block that is bytes already is left to 5-plan, whose views do as much.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, StateBinding } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { isOp } from './chains.js';
import type { Pass } from './pass.js';
import { isQuantize } from './quantization.js';

export const slideCaches: Pass = {
  name: 'slide-caches',
  run(editor) {
    editor.states = editor.states.map((state) => slide(editor, state) ?? state);
  },
};

function slide(editor: GraphEditor, state: StateBinding): StateBinding | undefined {
  const last = editor.producer(state.output);
  if (last === undefined || last.domain !== '') return undefined;
  if (last.op === 'Concat') return cutFirst(editor, state, last);
  return last.op === 'Slice' ? cutLast(editor, state, last) : undefined;
}

/** present = Concat(Slice(past), rows). */
function cutFirst(editor: GraphEditor, state: StateBinding, join: Node): StateBinding | undefined {
  const window = windowOf(editor, join);
  const cut = window === undefined ? undefined : editor.producer(window.past);
  if (window === undefined || !isOp(cut, 'Slice') || cut.inputs[0] !== state.input) return undefined;
  if (!cutsFirst(editor, cut, window.axis, window.fresh)) return undefined;
  editor.replaceNode(join, shiftNode(join, state.input, window, state.output));
  return state;
}

/** present = Slice(Concat(past, rows)). */
function cutLast(editor: GraphEditor, state: StateBinding, last: Node): StateBinding | undefined {
  const join = editor.producer(last.inputs[0]!);
  if (!isOp(join, 'Concat') || join.inputs[0] !== state.input) return undefined;
  const window = windowOf(editor, join);
  if (window === undefined || !cutsFirst(editor, last, window.axis, window.fresh)) return undefined;
  const whole = join.outputs[0]!;
  if (editor.isGraphOutput(whole)) return undefined;
  const readers = editor.consumers(whole);
  if (readers.length > 1) {
    const isOneBlock = elementCount(editor.value(whole).shape.slice(0, window.axis)) === 1;
    return isOneBlock && !readers.some(isQuantize) ? undefined : wholeWindow(editor, state, join, window);
  }
  editor.replaceNode(last, shiftNode(last, state.input, window, state.output));
  return state;
}

interface Window {
  readonly past: string;
  readonly rows: string;
  readonly axis: number;
  /** Rows that come in. */
  readonly fresh: number;
}

function windowOf(editor: GraphEditor, join: Node): Window | undefined {
  const [past, rows] = join.inputs as [string, string];
  const rank = editor.value(past).shape.length;
  const axis = (Number(join.attributes.axis) + rank) % rank;
  const fresh = editor.value(rows).shape[axis]!;
  return join.inputs.length === 2 && past !== rows ? { past, rows, axis, fresh } : undefined;
}

/** Whether the Slice leaves out the first `count` indices of the axis and nothing else. */
function cutsFirst(editor: GraphEditor, slice: Node, axis: number, count: number): boolean {
  const { shape } = editor.value(slice.inputs[0]!);
  const list = (name: string) => slice.attributes[name] as readonly number[];
  return list('axes').every((each, i) => {
    const [start, end, step] = [list('starts')[i]!, list('ends')[i]!, list('steps')[i]!];
    return step === 1 && start === (each === axis ? count : 0) && end === shape[each];
  });
}

function shiftNode(node: Node, past: string, { rows, axis }: Window, output: string): Node {
  return {
    ...node,
    op: 'CacheShift',
    domain: 'ai.nanoc',
    inputs: [past, rows],
    outputs: [output],
    attributes: { axis },
  };
}

/** The Concat is the state: CacheShift of its last value, which has the same rows behind those that fall out. */
function wholeWindow(editor: GraphEditor, state: StateBinding, join: Node, window: Window): StateBinding | undefined {
  if (editor.consumers(state.input).length > 1 || editor.isGraphOutput(state.input)) return undefined;
  const output = join.outputs[0]!;
  const { source: _, ...whole } = editor.value(output);
  const input = editor.addValue({ ...whole, name: `${state.input}_window` });
  editor.replaceNode(join, shiftNode(join, input, window, output));
  editor.inputs = editor.inputs.map((name) => (name === state.input ? input : name));
  editor.outputs = editor.outputs.map((name) => (name === state.output ? output : name));
  return { ...state, input, output };
}
