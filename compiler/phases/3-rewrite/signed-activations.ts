/**
 * Every quantized uint8 value becomes int8, 128 lower, with its zero point 128 lower: the same real numbers, so that
 * each kernel exists for int8 only. Graph inputs and outputs keep their type and pass a SignShift (XOR 0x80). The same for uint16, by 32768.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node, Value } from '../../ir/graph.js';
import { signOffset, type Tensor } from '../../ir/tensor.js';
import type { Pass } from './pass.js';

export const signedActivations: Pass = {
  name: 'signed-activations',
  run(editor) {
    const before = new Map(editor.values);
    const offsetOf = (name: string | undefined): number => {
      const value = name === undefined ? undefined : before.get(name);
      const isShifted = (value?.dtype === 'uint8' || value?.dtype === 'uint16') && value.quantization !== undefined;
      return isShifted ? signOffset(value.dtype) : 0;
    };
    for (const node of editor.nodes) {
      const attributes = shiftedAttributes(node, offsetOf(node.inputs[0]), offsetOf(node.outputs[0]));
      if (attributes !== node.attributes) editor.updateNode(node, { attributes });
    }
    for (const value of before.values()) if (offsetOf(value.name) > 0) shift(editor, value);
  },
};

function shift(editor: GraphEditor, value: Value): void {
  const signed = shiftedValue(value);
  const isInput = editor.inputs.includes(value.name);
  const isOutput = editor.isGraphOutput(value.name);
  const state = editor.base.states.some(({ input, output }) => input === value.name || output === value.name);
  const castReaders = editor.consumers(value.name).filter((node) => node.op === 'Cast');
  if ((!isInput && !isOutput && castReaders.length === 0 && editor.producer(value.name)?.op !== 'Cast') || state) {
    editor.setValue(signed);
    return;
  }
  const name = editor.addValue({ ...signed, name: `${value.name}__${signed.dtype}` });
  const keepsType = isInput || editor.producer(value.name)?.op === 'Cast';
  if (keepsType) {
    for (const node of editor.consumers(value.name)) {
      if (node.op === 'Cast') continue;
      editor.updateNode(node, { inputs: node.inputs.map((input) => (input === value.name ? name : input)) });
    }
    editor.addNode(signShift(editor, value.name, name));
    return;
  }
  const producer = editor.producer(value.name);
  if (producer !== undefined) {
    editor.updateNode(producer, { outputs: producer.outputs.map((output) => (output === value.name ? name : output)) });
  }
  for (const node of editor.consumers(value.name)) {
    if (node.op === 'Cast') continue;
    editor.updateNode(node, { inputs: node.inputs.map((input) => (input === value.name ? name : input)) });
  }
  editor.addNode(signShift(editor, name, value.name));
}

function signShift(editor: GraphEditor, from: string, to: string): Node {
  const name = editor.freshName(`${to}_sign_shift`);
  return { name, op: 'SignShift', domain: 'ai.nanoc', inputs: [from], outputs: [to], attributes: {} };
}

function shiftedValue(value: Value): Value {
  const offset = signOffset(value.dtype);
  const quantization = {
    ...value.quantization!,
    zeroPoint: value.quantization!.zeroPoint.map((zero) => zero - offset),
  };
  const signed: Value = { ...value, dtype: value.dtype === 'uint16' ? 'int16' : 'int8', quantization };
  const constant: { constant?: Tensor } =
    value.constant === undefined ? {} : { constant: shiftedTensor(value.constant) };
  return {
    ...signed,
    ...constant,
    ...(value.source === undefined ? {} : { source: { ...value.source, signShift: true } }),
  };
}

function shiftedTensor(tensor: Tensor): Tensor {
  const offset = signOffset(tensor.dtype);
  const numbers = Array.from(tensor.data as Uint16Array, (x) => x - offset);
  if (tensor.dtype === 'uint16') return { ...tensor, dtype: 'int16', data: Int16Array.from(numbers) };
  return { ...tensor, dtype: 'int8', data: Int8Array.from(numbers) };
}

/** By how much the input and the output are lowered. */
function shiftedAttributes(node: Node, input: number, output: number): Node['attributes'] {
  const changed: Record<string, AttributeValue> = {};
  if (output > 0 && node.attributes.clamp !== undefined) {
    changed.clamp = (node.attributes.clamp as readonly number[]).map((bound) => bound - output);
  }
  if (input > 0 && node.op === 'Pad' && node.attributes.value !== undefined) {
    changed.value = Number(node.attributes.value) - input;
  }
  if (node.op === 'Table' && (input > 0 || output > 0)) {
    const table = node.attributes.table as Tensor;
    const old = table.data as Uint8Array | Int8Array;
    // Indexed by the input's byte: int8 value v = u - 128 has the byte u ^ 0x80.
    const reindexed = old.map((_, byte) => old[input > 0 ? byte ^ 0x80 : byte]!);
    changed.table = output > 0 ? shiftedTensor({ ...table, data: reindexed }) : { ...table, data: reindexed };
  }
  return Object.keys(changed).length === 0 ? node.attributes : { ...node.attributes, ...changed };
}
