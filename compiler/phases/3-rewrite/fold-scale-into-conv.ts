/** Float Conv followed by a constant factor or term per channel (a spelled-out batch normalization): folded into weights and bias. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import type { Pass } from './pass.js';

export const foldScaleIntoConv: Pass = {
  name: 'fold-scale-into-conv',
  run(editor) {
    for (const node of editor.nodes) {
      if (!editor.has(node) || node.domain !== '' || (node.op !== 'Mul' && node.op !== 'Add')) continue;
      const [a, b] = node.inputs as [string, string];
      if (!fold(editor, node, a, b)) fold(editor, node, b, a);
    }
  },
};

function fold(editor: GraphEditor, node: Node, data: string, factor: string): boolean {
  const conv = editor.producer(data);
  if (conv?.op !== 'Conv' || conv.domain !== '' || conv.attributes.clamp !== undefined) return false;
  if (editor.consumers(data).length !== 1 || editor.isGraphOutput(data)) return false;
  const output = editor.value(data);
  const weights = editor.value(conv.inputs[1]!).constant;
  const bias = conv.inputs[2] ? editor.value(conv.inputs[2]).constant : undefined;
  if (output.dtype !== 'float32' || weights?.dtype !== 'float32' || (conv.inputs[2] && bias === undefined))
    return false;
  if (editor.value(node.outputs[0]!).shape.join() !== output.shape.join()) return false;
  const channels = weights.shape[0]!;
  const vector = perChannel(editor.value(factor).constant, channels, output.shape.length);
  if (vector === undefined) return false;
  const perWeight = weights.data.length / channels;
  const scaled =
    node.op === 'Add'
      ? conv.inputs[1]!
      : editor.addConstant(`${conv.inputs[1]}_scaled`, {
          ...weights,
          data: (weights.data as Float32Array).map((w, i) => Math.fround(w * vector[Math.floor(i / perWeight)]!)),
        });
  const old = (bias?.data as Float32Array | undefined) ?? new Float32Array(channels);
  const shifted = old.map((b, i) => Math.fround(node.op === 'Add' ? b + vector[i]! : b * vector[i]!));
  const needsBias = node.op === 'Add' || bias !== undefined;
  const stem = conv.inputs[2] || `${conv.name}_bias`;
  const biasName = needsBias
    ? [editor.addConstant(`${stem}_folded`, { dtype: 'float32', shape: [channels], data: shifted })]
    : [];
  editor.removeNode(node);
  editor.replaceNode(conv, {
    ...conv,
    inputs: [conv.inputs[0]!, scaled, ...biasName],
    outputs: node.outputs,
    origins: [...(conv.origins ?? [conv.name]), node.name],
  });
  return true;
}

/** A constant that broadcasts along the channel axis (axis 1) only, one number a channel. */
function perChannel(constant: Tensor | undefined, channels: number, rank: number): Float32Array | undefined {
  if (constant?.dtype !== 'float32') return undefined;
  const count = elementCount(constant.shape);
  if (count === 1) return new Float32Array(channels).fill(Number(constant.data[0]));
  const axis = constant.shape.length - rank + 1;
  return count === channels && constant.shape[axis] === channels ? (constant.data as Float32Array) : undefined;
}
