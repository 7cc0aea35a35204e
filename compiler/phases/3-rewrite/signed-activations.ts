/**
 * Every quantized uint8 value becomes int8, 128 lower, with its zero point 128 lower: the same real numbers, so that
 * each kernel exists for int8 only. Graph inputs and outputs keep their type and pass a SignShift (XOR 0x80).
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node, Value } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import type { Pass } from './pass.js';

export const signedActivations: Pass = {
  name: 'signed-activations',
  run(editor) {
    const before = new Map(editor.values);
    const isShifted = (name: string | undefined): boolean => {
      const value = name === undefined ? undefined : before.get(name);
      return value?.dtype === 'uint8' && value.quantization !== undefined;
    };
    for (const node of editor.nodes) {
      const attributes = shiftedAttributes(node, isShifted(node.inputs[0]), isShifted(node.outputs[0]));
      if (attributes !== node.attributes) editor.updateNode(node, { attributes });
    }
    for (const value of before.values()) if (isShifted(value.name)) shift(editor, value);
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
  const name = editor.addValue({ ...signed, name: `${value.name}__int8` });
  const keepsUint8 = isInput || editor.producer(value.name)?.op === 'Cast';
  if (keepsUint8) {
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
  const quantization = { ...value.quantization!, zeroPoint: value.quantization!.zeroPoint.map((zero) => zero - 128) };
  const signed: Value = { ...value, dtype: 'int8', quantization };
  const constant: { constant?: Tensor } =
    value.constant === undefined ? {} : { constant: shiftedTensor(value.constant) };
  return {
    ...signed,
    ...constant,
    ...(value.source === undefined ? {} : { source: { ...value.source, signShift: true } }),
  };
}

function shiftedTensor(tensor: Tensor): Tensor {
  return { ...tensor, dtype: 'int8', data: Int8Array.from(tensor.data as Uint8Array, (x) => x - 128) };
}

function shiftedAttributes(node: Node, inputShifts: boolean, outputShifts: boolean): Node['attributes'] {
  const changed: Record<string, AttributeValue> = {};
  if (outputShifts && node.attributes.clamp !== undefined) {
    changed.clamp = (node.attributes.clamp as readonly number[]).map((bound) => bound - 128);
  }
  if (inputShifts && node.op === 'Pad' && node.attributes.value !== undefined) {
    changed.value = Number(node.attributes.value) - 128;
  }
  if (node.op === 'Table' && (inputShifts || outputShifts)) {
    const table = node.attributes.table as Tensor;
    const old = table.data as Uint8Array | Int8Array;
    // Indexed by the input's byte: int8 value v = u - 128 has the byte u ^ 0x80.
    const reindexed = old.map((_, byte) => old[inputShifts ? byte ^ 0x80 : byte]!);
    changed.table = outputShifts ? shiftedTensor({ ...table, data: reindexed }) : { ...table, data: reindexed };
  }
  return Object.keys(changed).length === 0 ? node.attributes : { ...node.attributes, ...changed };
}
