/** Nodes whose inputs are all known are computed by the compiler, with the reference evaluator: the same bits as at run time. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import { findOperator } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import type { Pass } from './pass.js';
import { isDequantize, isQuantize } from './quantization.js';

/** A folded constant larger than this is kept as its node: Expand and the like must not blow up flash. */
const MAXIMUM_GROWTH = 1 << 16;

export const foldConstants: Pass = {
  name: 'fold-constants',
  run(editor) {
    for (const node of editor.nodes) {
      // A weight stays quantized until lifting has seen it: only its DequantizeLinear knows the scale.
      if (isDequantize(node)) continue;
      fold(editor, node, isQuantize(node));
    }
  },
};

/** After lifting, dequantized constants that float operators still read become float constants. */
export const foldWeights: Pass = {
  name: 'fold-weights',
  run(editor) {
    for (const node of editor.nodes) fold(editor, node, false);
  },
};

function fold(editor: GraphEditor, node: Node, throughDequantize: boolean): void {
  const operator = findOperator(node.domain, node.op);
  if (operator?.evaluate === undefined || node.outputs.length !== 1) return;
  const shapeOnly = node.domain === '' && (node.op === 'Shape' || node.op === 'Size');
  const inputs: (Tensor | undefined)[] = [];
  for (const name of node.inputs) {
    const tensor = name === '' ? undefined : constantOf(editor, name, throughDequantize);
    if (name !== '' && tensor === undefined && !shapeOnly) return;
    inputs.push(tensor);
  }
  if (node.inputs.length === 0 && !shapeOnly) return;
  const view = viewNode({ ...editor.base, values: editor.values, nodes: [] }, node, operator);
  if (shapeOnly && inputs[0] === undefined) {
    const { dtype, shape } = editor.value(node.inputs[0]!);
    inputs[0] = { dtype, shape, data: new Uint8Array(0) };
  }
  const size = inputs.reduce((sum, tensor) => sum + (tensor?.data.length ?? 0), 0);
  const output = editor.value(node.outputs[0]!);
  const count = output.shape.reduce((a, b) => a * b, 1);
  if (count > Math.max(size, MAXIMUM_GROWTH)) return;
  const [result] = operator.evaluate(view, inputs);
  if (result === undefined) return;
  editor.removeNode(node);
  editor.setValue({ ...output, constant: result });
}

/** The data of a constant; with `throughDequantize`, also of a dequantized constant. */
function constantOf(editor: GraphEditor, name: string, throughDequantize: boolean): Tensor | undefined {
  const constant = editor.value(name).constant;
  if (constant !== undefined || !throughDequantize) return constant;
  const node = editor.producer(name);
  if (!isDequantize(node)) return undefined;
  const inputs = node.inputs.map((input) => (input === '' ? undefined : editor.value(input).constant));
  if (inputs[0] === undefined) return undefined;
  const operator = findOperator('', 'DequantizeLinear')!;
  const view = viewNode({ ...editor.base, values: editor.values, nodes: [] }, node, operator);
  return operator.evaluate!(view, inputs)[0];
}
