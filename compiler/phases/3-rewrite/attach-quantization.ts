/**
 * Scale and zero point move from the inputs of QuantizeLinear and DequantizeLinear to the integer value itself.
 * ONNX allows a tensor to be read with other parameters than it was written with: then the reader gets an alias.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Quantization, Value } from '../../ir/graph.js';
import type { Pass } from './pass.js';
import { isDequantize, isQuantize, sameQuantization } from './quantization.js';

export const attachQuantization: Pass = {
  name: 'attach-quantization',
  run(editor) {
    for (const node of editor.nodes) {
      if (!isQuantize(node) || node.inputs.length < 2) continue;
      const output = editor.value(node.outputs[0]!);
      editor.setValue({ ...output, quantization: parameters(editor, node, output) });
      editor.updateNode(node, { inputs: [node.inputs[0]!], attributes: {} });
    }
    for (const node of editor.nodes) {
      if (!isDequantize(node) || node.inputs.length < 2) continue;
      const input = editor.value(node.inputs[0]!);
      const quantization = parameters(editor, node, input);
      const name = withQuantization(editor, input, quantization);
      editor.updateNode(node, { inputs: [name], attributes: {} });
    }
  },
};

/** The value's own name if it has these parameters (or none yet), else that of an alias which has them. */
function withQuantization(editor: GraphEditor, value: Value, quantization: Quantization): string {
  if (value.quantization === undefined) {
    editor.setValue({ ...value, quantization });
    return value.name;
  }
  if (sameQuantization(value.quantization, quantization)) return value.name;
  if (value.constant !== undefined) {
    return editor.addConstant(`${value.name}__as`, value.constant, { quantization });
  }
  const { constant: _, source: __, ...rest } = value;
  const alias = editor.addValue({ ...rest, name: `${value.name}__as`, quantization });
  editor.addNode({ name: alias, op: 'Reshape', domain: '', inputs: [value.name], outputs: [alias], attributes: {} });
  return alias;
}

function parameters(editor: GraphEditor, node: Node, integer: Value): Quantization {
  const scale = Array.from(editor.value(node.inputs[1]!).constant!.data, Number);
  const zeroName = node.inputs[2];
  const zeroPoint =
    zeroName === undefined || zeroName === ''
      ? scale.map(() => 0)
      : Array.from(editor.value(zeroName).constant!.data, Number);
  if (scale.length === 1) return { scale, zeroPoint };
  const axis = Number(node.attributes.axis ?? 1);
  return { scale, zeroPoint, axis: axis < 0 ? axis + integer.shape.length : axis };
}
