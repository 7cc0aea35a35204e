import { defineOp } from './define.js';
import quantizeLinear from './QuantizeLinear.js';

const { quantized, inputs, outputs, attributes, infer } = quantizeLinear;

/** com.microsoft.QuantizeLinear, which ONNX Runtime's quantizers write for some types: becomes ONNX's own. */
export default defineOp({
  name: 'QuantizeLinear',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes QuantizeLinear of ai.onnx',
  quantized,
  inputs,
  outputs,
  attributes,
  infer,
  normalize: ({ node }, editor) => editor.replaceNode(node, { ...node, domain: '' }),
});
