/** No silent fallback: every float operator left among quantized ones is named, with the reason. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { isMerge } from '../../ir/guards.js';
import { behaviourOf } from '../../ops/index.js';
import type { Pass } from './pass.js';
import { byteActivation, dequantizedFrom, isDequantize, isHalfword, isQuantize } from './quantization.js';

export const reportFloatIslands: Pass = {
  name: 'report-float-islands',
  run(editor, diagnostics) {
    const quantizedModel = editor.nodes.some((node) =>
      node.outputs.some((name) => editor.value(name).quantization !== undefined),
    );
    if (!quantizedModel) return;
    for (const node of editor.nodes) {
      if (isDequantize(node) || isQuantize(node) || node.op === 'Cast' || isMerge(node)) continue;
      if (!node.outputs.some((name) => editor.value(name).dtype === 'float32')) continue;
      diagnostics.warning({
        code: 'NC0301',
        message: `${node.op} runs in float32 inside a quantized model`,
        node: `"${node.name}" (${node.domain === '' ? '' : `${node.domain}.`}${node.op})`,
        because: reason(editor, node),
        help:
          behaviourOf(node) === 'float'
            ? 'accept the time and memory of the float kernel, or train with an operator that has an integer form: nanoc ops lists them'
            : 'quantize its inputs and output too, or accept the time and memory of the float kernel',
      });
    }
  },
};

function reason(editor: GraphEditor, node: Node): string {
  const behaviour = behaviourOf(node);
  if (behaviour === 'float') return `${node.op} has no integer form in nanoc`;
  for (const [index, name] of node.inputs.entries()) {
    if (name === '' || editor.value(name).constant !== undefined || editor.value(name).dtype !== 'float32') continue;
    const integer = dequantizedFrom(editor, name);
    if (integer !== undefined && isHalfword(integer)) return `${node.op} has no form for ${integer.dtype} here`;
    if (byteActivation(editor, name) === undefined) {
      return `its input ${index} "${name}" does not come from an int8 or uint8 tensor with one scale`;
    }
  }
  return `its output "${node.outputs[0]}" is not read by one QuantizeLinear alone, or a constant input is not quantized`;
}
