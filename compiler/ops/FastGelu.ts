import { defineOp } from './define.js';
import { inferUnary } from './shared/unary.js';

/** com.microsoft.FastGelu: the approximation with tanh, of X + bias; becomes Gelu of ai.onnx. */
export default defineOp({
  name: 'FastGelu',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes Gelu with approximate = tanh',
  inputs: [{ name: 'X' }, { name: 'bias', optional: true }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'table',
  infer: (view) => [inferUnary(view)],
  normalize(view, editor) {
    const { node } = view;
    const gelu = { ...node, op: 'Gelu', domain: '', attributes: { approximate: 'tanh' } };
    if (view.input(1) === undefined) {
      editor.replaceNode(node, { ...gelu, inputs: [node.inputs[0]!] });
      return;
    }
    const { shape } = view.required(0);
    const sum = editor.addValue({ name: `${node.outputs[0]}__biased`, dtype: 'float32', shape });
    const add = { ...node, name: editor.freshName(`${node.name}_bias`), op: 'Add', domain: '', outputs: [sum] };
    editor.replaceNode(node, add, { ...gelu, inputs: [sum] });
  },
});
