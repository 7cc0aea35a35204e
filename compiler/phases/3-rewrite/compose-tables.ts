/**
 * Operators on bytes that together are a function of one byte become one table: one after another (Requantize behind HardSwish), both
 * inputs of a binary operator from the same byte (x * Sigmoid(x), x * HardSigmoid(x)), or one of them a single constant (x + 3).
 * Exact: the table holds what the operators give for each of the 256 bytes, every rounding in between included.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Graph, Node, Value } from '../../ir/graph.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import { findOperator } from '../../ops/index.js';
import { evaluateGraph } from '../../reference/evaluate.js';
import type { Pass } from './pass.js';
import { isPerTensor } from './quantization.js';

const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div']);

export const composeTables: Pass = {
  name: 'compose-tables',
  run(editor) {
    for (const node of editor.nodes) if (editor.has(node)) compose(editor, node);
  },
};

function compose(editor: GraphEditor, node: Node): void {
  const operands = operandsOf(editor, node);
  const leaf = operands && (isUnary(node) ? beforeUnary(editor, operands[0]!) : commonByte(editor, operands));
  if (operands === undefined || leaf === undefined) return;
  const functions = new Map(operands.map((name) => [name, functionOf(editor, name, leaf)]));
  const between = [...new Set(operands.flatMap((name) => chainOf(editor, name, leaf)))];
  const table: Node = {
    name: node.name,
    op: 'Table',
    domain: 'ai.nanoc',
    inputs: [leaf],
    outputs: node.outputs,
    attributes: { table: resultOf(editor, node, functions) },
    origins: [...between, node].flatMap((each) => each.origins ?? [each.name]),
  };
  editor.replaceNode(node, table);
  for (const each of between.reverse()) if (isUnused(editor, each.outputs[0]!)) editor.removeNode(each);
  // The byte may now be one that nothing else needs, with an operator of its own before it.
  compose(editor, table);
}

function isUnused(editor: GraphEditor, name: string): boolean {
  return editor.consumers(name).length === 0 && !editor.isGraphOutput(name);
}

/** The bytes that an elementwise operator reads, one or two; undefined where it is none or reads anything but them and single constants. */
function operandsOf(editor: GraphEditor, node: Node): string[] | undefined {
  if (!isUnary(node) && !(node.domain === '' && BINARY.has(node.op) && node.inputs.length === 2)) return undefined;
  const output = editor.value(node.outputs[0]!);
  const isBytes = (value: Value) =>
    value.dtype === 'int8' && isPerTensor(value) && value.shape.join() === output.shape.join();
  const inputs = node.inputs.filter((name) => name !== '').map((name) => editor.value(name));
  const operands = inputs.filter((value) => value.constant === undefined);
  const single = inputs.every(({ constant }) => constant === undefined || constant.data.length === 1);
  if (!single || operands.length === 0 || ![output, ...operands].every(isBytes)) return undefined;
  return [...new Set(operands.map(({ name }) => name))];
}

/** A function of one byte already: a table of its own. */
function isUnary(node: Node): boolean {
  return (
    (node.domain === 'ai.nanoc' && node.op === 'Table') || findOperator(node.domain, node.op)?.quantized === 'table'
  );
}

/** What the unary operator that writes `name` reads, where nothing but one operator needs `name` itself. */
function beforeUnary(editor: GraphEditor, name: string): string | undefined {
  const alone = editor.consumers(name).length === 1 && !editor.isGraphOutput(name);
  return alone ? unaryOf(editor, name)?.from : undefined;
}

/** The operator that makes a byte from one other byte. */
function unaryOf(editor: GraphEditor, name: string): { readonly node: Node; readonly from: string } | undefined {
  const node = editor.producer(name);
  const from = node !== undefined && isUnary(node) ? operandsOf(editor, node)?.[0] : undefined;
  return from === undefined ? undefined : { node: node!, from };
}

/** The nearest byte of which all operands are functions. */
function commonByte(editor: GraphEditor, operands: readonly string[]): string | undefined {
  const [first, ...others] = operands.map((name) => [name, ...ancestorsOf(editor, name)]);
  return first!.find((name) => others.every((chain) => chain.includes(name)));
}

function ancestorsOf(editor: GraphEditor, name: string): string[] {
  const from = unaryOf(editor, name)?.from;
  return from === undefined ? [] : [from, ...ancestorsOf(editor, from)];
}

/** The unary operators between a byte and `leaf`, in order. */
function chainOf(editor: GraphEditor, name: string, leaf: string): Node[] {
  if (name === leaf) return [];
  const { node, from } = unaryOf(editor, name)!;
  return [...chainOf(editor, from, leaf), node];
}

/** The byte `name` for each byte of `leaf`, indexed by it as uint8. */
function functionOf(editor: GraphEditor, name: string, leaf: string): Tensor {
  const bytes = new Int8Array(Uint8Array.from({ length: 256 }, (_, i) => i).buffer);
  const start: Tensor = { dtype: 'int8', shape: [256], data: bytes };
  return chainOf(editor, name, leaf).reduce(
    (x, node) => resultOf(editor, node, new Map([[operandsOf(editor, node)![0]!, x]])),
    start,
  );
}

/** What an operator gives for 256 elements of its operands. */
function resultOf(editor: GraphEditor, node: Node, operands: ReadonlyMap<string, Tensor>): Tensor {
  const output = node.outputs[0]!;
  const values = new Map<string, Value>();
  for (const name of [...node.inputs, output].filter((each) => each !== '')) {
    const { constant, ...value } = editor.value(name);
    values.set(name, constant === undefined ? { ...value, shape: [256] } : asScalar(value, constant));
  }
  const graph: Graph = {
    ...editor.base,
    ...{ inputs: [...operands.keys()], outputs: [output], values, nodes: [node], states: [] },
  };
  return evaluateGraph(graph, operands).get(output)!;
}

function asScalar(value: Omit<Value, 'constant'>, constant: Tensor): Value {
  const shape = elementCount(constant.shape) === 1 ? [] : constant.shape;
  return { ...value, shape, constant: { ...constant, shape } };
}
