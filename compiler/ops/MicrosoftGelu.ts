import { defineOp } from './define.js';
import { inferUnary } from './shared/unary.js';

/** com.microsoft.Gelu: the exact form; becomes Gelu of ai.onnx. */
export default defineOp({
  name: 'Gelu',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes Gelu of ai.onnx',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'table',
  infer: (view) => [inferUnary(view)],
  normalize: ({ node }, editor) =>
    editor.replaceNode(node, { ...node, domain: '', attributes: { approximate: 'none' } }),
});
