/**
 * Data movement commutes with elementwise functions: DequantizeLinear sinks below Reshape, Transpose, MaxPool ...,
 * QuantizeLinear rises above them, so that bytes are moved instead of floats and the islands lie bare for lifting.
 * QuantizeLinear also rises above Relu and Clip: it is monotone, so Q(clip(x, a, b)) = clip(Q(x), Q(a), Q(b)). And it rises into the
 * branches of a Merge: what is quantized is the one that was taken.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Value } from '../../ir/graph.js';
import { isMerge } from '../../ir/guards.js';
import { integerRange } from '../../ir/tensor.js';
import { quantize } from '../../numerics/requantize.js';
import { behaviourOf } from '../../ops/index.js';
import type { Pass } from './pass.js';
import { byteActivation, integerActivation, isDequantize, soleQuantize } from './quantization.js';

export const slideQuantization: Pass = {
  name: 'slide-quantization',
  run(editor) {
    let changed = true;
    while (changed) {
      changed = false;
      for (const node of editor.nodes) {
        if (!editor.has(node)) continue;
        if (movesData(node) && (sinkDequantize(editor, node) || raiseQuantize(editor, node))) changed = true;
        else if (isMerge(node) && raiseQuantizeIntoCases(editor, node)) changed = true;
        else if (isActivation(node) && raiseQuantizeAboveActivation(editor, node)) changed = true;
        else if (compares(node)) readBytes(editor, node);
      }
    }
  },
};

function movesData(node: Node): boolean {
  return behaviourOf(node) === 'moves-data';
}

function isActivation(node: Node): boolean {
  return node.domain === '' && (node.op === 'Relu' || node.op === 'Clip');
}

/** Dequantization keeps the order of bytes, so what only compares may read them. */
function compares(node: Node): boolean {
  return node.domain === '' && (node.op === 'ArgMax' || node.op === 'ArgMin');
}

function readBytes(editor: GraphEditor, node: Node): void {
  const integer = byteActivation(editor, node.inputs[0]!);
  if (integer !== undefined) editor.updateNode(node, { inputs: [integer.name] });
}

function isFloat(editor: GraphEditor, name: string | undefined): name is string {
  return name !== undefined && name !== '' && editor.value(name).dtype === 'float32';
}

/** DQ -> move  becomes  move -> DQ. */
function sinkDequantize(editor: GraphEditor, node: Node): boolean {
  if (!isFloat(editor, node.outputs[0])) return false;
  const integer = integerActivation(editor, node, node.inputs[0]!);
  if (integer === undefined) return false;
  // Constants are weights, which lifting wants dequantized; only a table that is looked up stays in bytes.
  if (integer.constant !== undefined && node.op !== 'Gather') return false;
  const attributes = quantizedAttributes(node, integer, true);
  if (attributes === undefined) return false;
  const moved = node.outputs.map((name) =>
    editor.addValue({
      name: `${name}_quantized`,
      dtype: integer.dtype,
      shape: editor.value(name).shape,
      quantization: integer.quantization!,
    }),
  );
  const move = { ...node, inputs: [integer.name, ...node.inputs.slice(1)], outputs: moved, attributes };
  const dequantize = node.outputs.map((name, index) => ({
    name: editor.freshName(`${name}_dequantize`),
    op: 'DequantizeLinear',
    domain: '',
    inputs: [moved[index]!],
    outputs: [name],
    attributes: {},
  }));
  editor.replaceNode(node, move, ...dequantize);
  return true;
}

/** move -> Q  becomes  Q -> move, when nothing else reads the moved float. */
function raiseQuantize(editor: GraphEditor, node: Node): boolean {
  if (node.outputs.length !== 1 || !isFloat(editor, node.outputs[0])) return false;
  const source = node.inputs[0]!;
  if (isDequantize(editor.producer(source)) || editor.value(source).constant !== undefined) return false;
  const quantizeNode = soleQuantize(editor, node);
  if (quantizeNode === undefined) return false;
  const output = editor.value(quantizeNode.outputs[0]!);
  const attributes = quantizedAttributes(node, output, false);
  if (attributes === undefined) return false;
  const quantized = quantizedCopy(editor, source, output);
  editor.replaceNode(
    node,
    { ...quantizeNode, inputs: [source], outputs: [quantized] },
    { ...node, inputs: [quantized, ...node.inputs.slice(1)], outputs: [output.name], attributes },
  );
  editor.removeNode(quantizeNode);
  return true;
}

/** Relu -> Q  becomes  Q -> Relu on bytes, when the Relu does not read a dequantized value (then it is a table). */
function raiseQuantizeAboveActivation(editor: GraphEditor, node: Node): boolean {
  if (!isFloat(editor, node.outputs[0])) return false;
  const source = node.inputs[0]!;
  if (isDequantize(editor.producer(source)) || editor.value(source).constant !== undefined) return false;
  if (node.inputs.slice(1).some((name) => name !== '' && editor.value(name).constant === undefined)) return false;
  const quantizeNode = soleQuantize(editor, node);
  if (quantizeNode === undefined) return false;
  const output = editor.value(quantizeNode.outputs[0]!);
  const quantized = quantizedCopy(editor, source, output);
  editor.replaceNode(
    node,
    { ...quantizeNode, inputs: [source], outputs: [quantized] },
    { ...node, inputs: [quantized, ...node.inputs.slice(1)], outputs: [output.name] },
  );
  editor.removeNode(quantizeNode);
  return true;
}

/** Merge -> Q  becomes a Merge of what Q makes of each case. */
function raiseQuantizeIntoCases(editor: GraphEditor, node: Node): boolean {
  if (!isFloat(editor, node.outputs[0])) return false;
  const quantizeNode = soleQuantize(editor, node);
  if (quantizeNode === undefined) return false;
  const output = editor.value(quantizeNode.outputs[0]!);
  const cases = node.inputs.slice(1).map((source) => {
    const quantized = quantizedCopy(editor, source, output);
    editor.addNode({ ...quantizeNode, name: `${quantized}_quantize`, inputs: [source], outputs: [quantized] });
    return quantized;
  });
  editor.replaceNode(node, { ...node, inputs: [node.inputs[0]!, ...cases], outputs: [output.name] });
  editor.removeNode(quantizeNode);
  return true;
}

function quantizedCopy(editor: GraphEditor, source: string, output: Value): string {
  return editor.addValue({
    name: `${source}_quantized`,
    dtype: output.dtype,
    shape: editor.value(source).shape,
    quantization: output.quantization!,
  });
}

/** Attributes of the moved node on bytes; undefined when they cannot be expressed exactly. Only Pad has a value of its own. */
function quantizedAttributes(node: Node, integer: Value, mustBeExact: boolean): Node['attributes'] | undefined {
  if (node.op !== 'Pad') return node.attributes;
  if ((node.attributes.mode ?? 'constant') !== 'constant') return node.attributes;
  const [low, high] = integerRange(integer.dtype as 'int8');
  const { scale, zeroPoint } = integer.quantization!;
  const real = Number(node.attributes.value ?? 0);
  const value = quantize(real, scale[0]!, zeroPoint[0]!, low, high);
  const back = Math.fround((value - zeroPoint[0]!) * scale[0]!);
  if (mustBeExact && back !== real) return undefined;
  return { ...node.attributes, value };
}
