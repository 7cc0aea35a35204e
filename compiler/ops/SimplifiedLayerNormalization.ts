import { defineOp } from './define.js';

/** ONNX Runtime's name, in the domain of ai.onnx, for what opset 23 calls RMSNormalization. */
export default defineOp({
  name: 'SimplifiedLayerNormalization',
  domain: '',
  opsets: [1],
  summary: 'becomes RMSNormalization',
  inputs: [{ name: 'X' }, { name: 'scale', mustBeConstant: true }],
  outputs: ['Y'],
  attributes: {
    axis: { type: 'int', default: -1 },
    epsilon: { type: 'float', default: 1e-5 },
    stash_type: { type: 'int', default: 1 },
  },
  quantized: 'float',
  infer: (view) => [view.required(0)],
  normalize: (view, editor) => editor.updateNode(view.node, { op: 'RMSNormalization' }),
});
