/**
 * A cache in float32 that is only read through one QuantizeLinear holds the quantized bytes instead: Q(update(past, row)) is
 * update(Q(past), Q(row)), since a row is replaced as it is, and a window is moved as it is. The model computes the same bytes with a
 * quarter of the memory.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, StateBinding } from '../../ir/graph.js';
import { integerRange } from '../../ir/tensor.js';
import { quantize } from '../../numerics/requantize.js';
import type { Pass } from './pass.js';
import { byteActivation, isPerTensor, isQuantize, sameQuantization } from './quantization.js';

/** What writes a cache: its inputs are the past, what comes in, and where. */
const UPDATES = ['CacheUpdate', 'CacheShift'];

export const quantizeCaches: Pass = {
  name: 'quantize-caches',
  run(editor) {
    editor.states = editor.states.map((state) => quantizeCache(editor, state) ?? state);
  },
};

function quantizeCache(editor: GraphEditor, state: StateBinding): StateBinding | undefined {
  const update = editor.producer(state.output);
  if (update === undefined || !UPDATES.includes(update.op) || update.inputs[0] !== state.input) return undefined;
  if (editor.consumers(state.input).length !== 1 || editor.value(state.input).dtype !== 'float32') return undefined;
  const readers = editor.consumers(state.output);
  const [first] = readers;
  if (!isQuantize(first)) return undefined;
  const bytes = editor.value(first.outputs[0]!);
  const { quantization, dtype } = bytes;
  if (quantization === undefined || !isPerTensor(bytes) || (dtype !== 'int8' && dtype !== 'uint8')) return undefined;
  const same = (node: Node) =>
    isQuantize(node) && sameQuantization(editor.value(node.outputs[0]!).quantization, quantization);
  if (!readers.every(same) || readers.some((node) => editor.isGraphOutput(node.outputs[0]!))) return undefined;

  const { source: _, ...past } = editor.value(state.input);
  const input = editor.addValue({ ...past, name: `${state.input}_quantized`, dtype, quantization });
  const row = quantizedRow(editor, update.inputs[1]!, bytes.name);
  for (const reader of readers) {
    editor.replaceUses(reader.outputs[0]!, bytes.name);
    editor.removeNode(reader);
  }
  editor.replaceNode(update, { ...update, inputs: [input, row, ...update.inputs.slice(2)], outputs: [bytes.name] });
  editor.inputs = editor.inputs.map((name) => (name === state.input ? input : name));
  editor.outputs = editor.outputs.map((name) => (name === state.output ? bytes.name : name));
  const [low, high] = integerRange(dtype);
  const initial = quantize(state.initial, quantization.scale[0]!, quantization.zeroPoint[0]!, low, high);
  return { ...state, input, output: bytes.name, initial };
}

/** Q(row): the bytes that the row was made of, where they have the same scale. */
function quantizedRow(editor: GraphEditor, row: string, like: string): string {
  const { dtype, quantization } = editor.value(like);
  const before = byteActivation(editor, row);
  if (before?.dtype === dtype && sameQuantization(before.quantization, quantization)) return before.name;
  const { shape } = editor.value(row);
  const output = editor.addValue({ name: `${row}_quantized`, dtype, shape, quantization: quantization! });
  editor.addNode({
    name: output,
    op: 'QuantizeLinear',
    domain: '',
    inputs: [row],
    outputs: [output],
    attributes: {},
  });
  return output;
}
