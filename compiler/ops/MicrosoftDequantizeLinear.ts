import dequantizeLinear from './DequantizeLinear.js';
import { defineOp } from './define.js';

const { quantized, inputs, outputs, attributes, infer } = dequantizeLinear;

/** com.microsoft.DequantizeLinear, which ONNX Runtime's quantizers write for some types: becomes ONNX's own. */
export default defineOp({
  name: 'DequantizeLinear',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes DequantizeLinear of ai.onnx',
  quantized,
  inputs,
  outputs,
  attributes,
  infer,
  normalize: ({ node }, editor) => editor.replaceNode(node, { ...node, domain: '' }),
});
