/** Building blocks of `normalize`: QDQ nodes round an operator, constants in another shape, 1-D spatial operators as 2-D ones. */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node, Value } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import type { NodeView } from '../define.js';

/** Adds DequantizeLinear(name, scale, zero) and returns its float output. */
export function addDequantize(editor: GraphEditor, name: string, scale: string, zero: string, axis?: number): string {
  const { shape } = editor.value(name);
  const output = editor.addValue({ name: `${name}_dequantized`, dtype: 'float32', shape });
  editor.addNode({
    name: editor.freshName(`${name}_dequantize`),
    op: 'DequantizeLinear',
    domain: '',
    inputs: zero === '' ? [name, scale] : [name, scale, zero],
    outputs: [output],
    attributes: axis === undefined ? {} : { axis },
  });
  return output;
}

/** A float value and the QuantizeLinear that turns it into `output`; returns the float's name. */
export function addQuantize(editor: GraphEditor, output: string, scale: string, zero: string): string {
  const { shape } = editor.value(output);
  const float = editor.addValue({ name: `${output}_float`, dtype: 'float32', shape });
  editor.addNode({
    name: editor.freshName(`${output}_quantize`),
    op: 'QuantizeLinear',
    domain: '',
    inputs: zero === '' ? [float, scale] : [float, scale, zero],
    outputs: [output],
    attributes: {},
  });
  return float;
}

/** Replaces a QLinear node by DQ -> `op` -> Q. `operands` are triples of input indices [x, scale, zero]. */
export function expandQLinear(
  view: NodeView,
  editor: GraphEditor,
  op: string,
  operands: readonly (readonly [number, number, number])[],
  result: readonly [number, number],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): void {
  const { node } = view;
  const name = (index: number) => node.inputs[index] ?? '';
  const inputs = operands.map(([x, scale, zero]) => addDequantize(editor, name(x), name(scale), name(zero)));
  const output = node.outputs[0]!;
  const float = addQuantize(editor, output, name(result[0]), name(result[1]));
  editor.replaceNode(node, { name: node.name, op, domain: '', inputs, outputs: [float], attributes });
}

/** A constant, or a dequantized constant, seen in another shape; `axis` is where its per-channel scales lie then. */
export function reshapeConstant(
  editor: GraphEditor,
  name: string,
  shape: readonly number[],
  axis?: number,
): string | undefined {
  const value = editor.value(name);
  if (value.constant !== undefined) return editor.addConstant(`${name}__reshaped`, { ...value.constant, shape });
  const node = editor.producer(name);
  if (node?.op !== 'DequantizeLinear') return undefined;
  const integer = editor.value(node.inputs[0]!);
  if (integer.constant === undefined) return undefined;
  const reshaped = editor.addConstant(`${integer.name}__reshaped`, { ...integer.constant, shape });
  const output = editor.addValue({ name: `${name}__reshaped`, dtype: value.dtype, shape });
  const attributes = axis === undefined ? node.attributes : { ...node.attributes, axis };
  editor.addNode({
    ...node,
    name: `${node.name}__reshaped`,
    inputs: [reshaped, ...node.inputs.slice(1)],
    outputs: [output],
    attributes,
  });
  return output;
}

/** Adds a Reshape of `name` to `shape` in front of a node; its source is the same ONNX tensor. */
export function addReshape(editor: GraphEditor, name: string, shape: readonly number[], suffix: string): string {
  const { constant: _, source, ...rest } = editor.value(name);
  const output = editor.addValue({
    ...rest,
    name: `${name}${suffix}`,
    shape,
    ...(source === undefined ? {} : { source: reshaped(source, shape) }),
  });
  editor.addNode({
    name: editor.freshName(`${output}_reshape`),
    op: 'Reshape',
    domain: '',
    inputs: [name],
    outputs: [output],
    attributes: {},
  });
  return output;
}

/** A value of another shape that a new node writes in place of `name`, and the Reshape that gives `name` from it. */
export function addReshapeBack(editor: GraphEditor, name: string, shape: readonly number[], suffix: string): string {
  const { constant: _, source, ...rest } = editor.value(name);
  const inner = editor.addValue({
    ...rest,
    name: `${name}${suffix}`,
    shape,
    ...(source === undefined ? {} : { source: reshaped(source, shape) }),
  });
  editor.addNode({
    name: editor.freshName(`${name}_reshape`),
    op: 'Reshape',
    domain: '',
    inputs: [inner],
    outputs: [name],
    attributes: {},
  });
  return inner;
}

function reshaped(source: NonNullable<Value['source']>, shape: readonly number[]): NonNullable<Value['source']> {
  return source.perm === undefined ? { name: source.name, shape } : source;
}

/** Inserts a size-1 height: [N, C, L] -> [N, C, 1, L]. */
export function withHeight(shape: readonly number[]): number[] {
  return [shape[0]!, shape[1]!, 1, shape[2]!];
}

/** Replaces a node that only renames or reshapes by the canonical Reshape. */
export function replaceByReshape(editor: GraphEditor, node: Node): void {
  editor.replaceNode(node, {
    name: node.name,
    op: 'Reshape',
    domain: '',
    inputs: [node.inputs[0]!],
    outputs: [node.outputs[0]!],
    attributes: {},
  });
}

/** The float32 numbers of a constant input, such as a scale. */
export function floatsOf(view: NodeView, index: number): number[] {
  const value = view.required(index);
  if (value.constant === undefined) return view.bad(`input ${index} "${value.name}" must be a constant`);
  return Array.from(value.constant.data as Float32Array, Number);
}

export function sameCount(a: readonly number[], b: readonly number[]): boolean {
  return elementCount(a) === elementCount(b);
}
