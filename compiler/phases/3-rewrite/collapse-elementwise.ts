/**
 * A float subgraph that is a function of one byte (HardSwish or SiLU spelled out, a scaling, a chain of activations)
 * between DequantizeLinear and QuantizeLinear becomes one table of 256 bytes, computed with the reference evaluator.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Graph, Node, Value } from '../../ir/graph.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import { findOperator } from '../../ops/index.js';
import { evaluateGraph } from '../../reference/evaluate.js';
import type { Pass } from './pass.js';
import { byteActivation, isByte, isPerTensor, isQuantize } from './quantization.js';

const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max']);

export const collapseElementwise: Pass = {
  name: 'collapse-elementwise',
  run(editor) {
    for (const node of editor.nodes) {
      if (isQuantize(node) && editor.has(node)) collapse(editor, node);
    }
  },
};

function collapse(editor: GraphEditor, quantizeNode: Node): void {
  const output = editor.value(quantizeNode.outputs[0]!);
  if (!isByte(output) || !isPerTensor(output)) return;
  const interior: Node[] = [];
  const leaves = new Set<string>();
  if (!gather(editor, quantizeNode.inputs[0]!, output.shape, interior, leaves) || interior.length === 0) return;
  if (leaves.size !== 1) return;
  const [leaf] = leaves;
  const x = byteActivation(editor, leaf!)!;
  const table = tabulate(editor, x, leaf!, [...interior, quantizeNode], output);
  editor.replaceNode(quantizeNode, {
    ...quantizeNode,
    op: 'Table',
    domain: 'ai.nanoc',
    inputs: [x.name],
    attributes: { table },
    origins: [...interior.map((node) => node.name), quantizeNode.name],
  });
}

/**
 * Walks up from a float value; false when it is not a function of dequantized bytes and single constants alone.
 * @param interior the nodes on the way, in topological order
 * @param leaves the dequantized values that were met
 */
export function gather(
  editor: GraphEditor,
  name: string,
  shape: readonly number[],
  interior: Node[],
  leaves: Set<string>,
): boolean {
  const value = editor.value(name);
  if (value.constant !== undefined) return elementCount(value.shape) === 1;
  if (value.shape.join() !== shape.join() || value.dtype !== 'float32') return false;
  if (byteActivation(editor, name) !== undefined) {
    leaves.add(name);
    return true;
  }
  const node = editor.producer(name);
  if (node?.domain !== '' || node.outputs.length !== 1) return false;
  const elementwise = BINARY.has(node.op) || findOperator('', node.op)?.quantized === 'table';
  if (!elementwise) return false;
  if (interior.includes(node)) return true;
  for (const input of node.inputs) if (input !== '' && !gather(editor, input, shape, interior, leaves)) return false;
  interior.push(node);
  return true;
}

/**
 * The results of some elementwise nodes for all 256 bytes of x, indexed by the byte as uint8.
 * @param leaf the dequantized x
 * @param interior the nodes in topological order; the last one writes `output`
 */
export function tabulate(
  editor: GraphEditor,
  x: Value,
  leaf: string,
  interior: readonly Node[],
  output: Value,
): Tensor {
  const shape = [256];
  const values = new Map<string, Value>();
  const { constant: _, ...input } = x;
  values.set(x.name, { ...input, shape });
  values.set(leaf, { ...editor.value(leaf), shape });
  for (const node of interior) {
    for (const name of node.inputs) {
      const value = name === '' ? undefined : editor.value(name);
      if (value?.constant !== undefined) values.set(name, value);
    }
    values.set(node.outputs[0]!, { ...editor.value(node.outputs[0]!), shape });
  }
  values.set(output.name, { ...output, shape });
  const graph: Graph = {
    ...editor.base,
    inputs: [x.name],
    outputs: [output.name],
    values,
    nodes: [editor.producer(leaf)!, ...interior],
    states: [],
  };
  const bytes = Uint8Array.from({ length: 256 }, (_unused, i) => i);
  const data = x.dtype === 'int8' ? new Int8Array(bytes.buffer) : bytes;
  return evaluateGraph(graph, new Map([[x.name, { dtype: x.dtype, shape, data }]])).get(output.name)!;
}
