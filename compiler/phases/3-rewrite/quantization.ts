/** Questions that several passes ask of quantized values. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Quantization, Value } from '../../ir/graph.js';
import { takesHalfwords } from '../../ops/index.js';

export type QuantizeNode = Node & { readonly op: 'QuantizeLinear' };
export type DequantizeNode = Node & { readonly op: 'DequantizeLinear' };

export function isQuantize(node: Node | undefined): node is QuantizeNode {
  return node?.op === 'QuantizeLinear' && node.domain === '';
}

export function isDequantize(node: Node | undefined): node is DequantizeNode {
  return node?.op === 'DequantizeLinear' && node.domain === '';
}

export function sameQuantization(a: Quantization | undefined, b: Quantization | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.scale.length > 1 && a.axis !== b.axis) return false;
  return a.scale.join() === b.scale.join() && a.zeroPoint.join() === b.zeroPoint.join();
}

/** Quantized with one scale for the whole tensor. */
export function isPerTensor(value: Value): boolean {
  return value.quantization !== undefined && value.quantization.scale.length === 1;
}

export function isByte(value: Value): boolean {
  return value.dtype === 'int8' || value.dtype === 'uint8';
}

export function isHalfword(value: Value): boolean {
  return value.dtype === 'int16' || value.dtype === 'uint16';
}

/** Bytes, or halfwords where the operator has a form for them. */
export function isTakenBy(node: Node, value: Value): boolean {
  return isByte(value) || (isHalfword(value) && takesHalfwords(node));
}

/** The integer value behind a float one: the input of the DequantizeLinear that makes it, if one does. */
export function dequantizedFrom(editor: GraphEditor, name: string): Value | undefined {
  const node = editor.producer(name);
  return isDequantize(node) ? editor.value(node.inputs[0]!) : undefined;
}

/** A byte activation behind a float value: per-tensor int8 or uint8. */
export function byteActivation(editor: GraphEditor, name: string): Value | undefined {
  const value = dequantizedFrom(editor, name);
  return value !== undefined && isByte(value) && isPerTensor(value) ? value : undefined;
}

/** The activation behind a float value that this node can read as integers: per-tensor, of 8 or 16 bits. */
export function integerActivation(editor: GraphEditor, node: Node, name: string): Value | undefined {
  const value = dequantizedFrom(editor, name);
  return value !== undefined && isTakenBy(node, value) && isPerTensor(value) ? value : undefined;
}

/**
 * The QuantizeLinear that alone reads a float output of a node, when its result is per-tensor and of a type that the node can write. Several of
 * equal parameters count as one: the others are redirected to the first.
 */
export function soleQuantize(editor: GraphEditor, node: Node): Node | undefined {
  const name = node.outputs[0]!;
  if (editor.isGraphOutput(name)) return undefined;
  const readers = editor.consumers(name);
  const first = readers[0];
  if (!isQuantize(first)) return undefined;
  const output = editor.value(first.outputs[0]!);
  if (!isTakenBy(node, output) || !isPerTensor(output)) return undefined;
  for (const other of readers.slice(1)) {
    if (!isQuantize(other)) return undefined;
    const value = editor.value(other.outputs[0]!);
    if (value.dtype !== output.dtype || !sameQuantization(value.quantization, output.quantization)) return undefined;
  }
  for (const other of readers.slice(1)) {
    if (editor.isGraphOutput(other.outputs[0]!)) {
      // The graph output keeps its name: it becomes a copy of the first.
      editor.replaceNode(other, { ...other, op: 'Reshape', inputs: [output.name], attributes: {} });
    } else {
      editor.replaceUses(other.outputs[0]!, output.name);
      editor.removeNode(other);
    }
  }
  return first;
}
