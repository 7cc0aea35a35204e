/**
 * A state that is only read and written layer by layer becomes one state for each layer:
 *
 *     Gather(past, 0), Gather(past, 1) ...  and  present = Concat(Unsqueeze(a), Unsqueeze(b) ...)
 *
 * read and write whole layers along the first dimension, so the layers are states of their own, and nothing is copied. Each then has
 * its own scale, and can be updated in place.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, StateBinding } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import type { Pass } from './pass.js';

export const splitStates: Pass = {
  name: 'split-states',
  run(editor) {
    editor.states = editor.states.flatMap((state) => split(editor, state) ?? [state]);
  },
};

/** The states of the layers; undefined when the state is used in another way. */
function split(editor: GraphEditor, state: StateBinding): readonly StateBinding[] | undefined {
  const { shape } = editor.value(state.input);
  const join = editor.producer(state.output);
  const count = shape[0] ?? 0;
  const readers = editor.consumers(state.input);
  if (count < 2 || join === undefined || !joinsLayers(editor, join, count)) return undefined;
  if (editor.consumers(state.output).length > 0 || editor.isGraphOutput(state.input)) return undefined;
  if (!readers.every((node) => layerOf(editor, node, state.input) !== undefined)) return undefined;
  const layers = join.inputs.map((part, layer) => splitLayer(editor, state, part, layer));
  for (const node of readers) {
    editor.replaceUses(node.outputs[0]!, layers[layerOf(editor, node, state.input)!]!.input, true);
    editor.removeNode(node);
  }
  editor.removeNode(join);
  const replace = (names: readonly string[], name: string, by: readonly string[]) =>
    names.flatMap((each) => (each === name ? by : [each]));
  editor.inputs = replace(
    editor.inputs,
    state.input,
    layers.map(({ input }) => input),
  );
  editor.outputs = replace(
    editor.outputs,
    state.output,
    layers.map(({ output }) => output),
  );
  return layers;
}

function joinsLayers(editor: GraphEditor, node: Node, count: number): boolean {
  if (node.op !== 'Concat' || node.domain !== '' || node.inputs.length !== count) return false;
  const rank = editor.value(node.outputs[0]!).shape.length;
  const axis = Number(node.attributes.axis);
  return (axis + rank) % rank === 0 && new Set(node.inputs).size === count;
}

/** Which layer a node takes out of the state. */
function layerOf(editor: GraphEditor, node: Node, input: string): number | undefined {
  const isGather = node.op === 'Gather' && node.domain === '' && node.inputs[0] === input;
  if (!isGather || Number(node.attributes.axis ?? 0) !== 0) return undefined;
  const index = editor.value(node.inputs[1]!);
  if (index.constant === undefined || index.shape.length !== 0) return undefined;
  const [size] = editor.value(input).shape as [number];
  const layer = Number(index.constant.data[0]);
  return layer < 0 ? layer + size : layer;
}

function splitLayer(editor: GraphEditor, state: StateBinding, part: string, layer: number): StateBinding {
  const whole = editor.value(state.input);
  const shape = whole.shape.slice(1);
  const { source: _, ...value } = whole;
  const input = editor.addValue({ ...value, name: `${state.input}_${layer}`, shape });
  const producer = editor.producer(part);
  const inner = producer?.op === 'Reshape' && producer.domain === '' ? producer.inputs[0]! : part;
  if (editor.value(inner).shape.join() === shape.join() && elementCount(shape) > 0 && !isEnd(editor, inner))
    return { ...state, input, output: inner };
  const output = editor.addValue({ ...value, name: `${state.output}_${layer}`, shape });
  editor.addNode({ name: output, op: 'Reshape', domain: '', inputs: [part], outputs: [output], attributes: {} });
  return { ...state, input, output };
}

/** An input or output of the model keeps that meaning alone. */
function isEnd(editor: GraphEditor, name: string): boolean {
  return editor.inputs.includes(name) || editor.isGraphOutput(name) || editor.value(name).constant !== undefined;
}
