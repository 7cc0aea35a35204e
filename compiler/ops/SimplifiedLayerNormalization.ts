import { defineOp } from './define.js';
import { normalizationAttributes } from './shared/normalization.js';

/** ONNX Runtime's name, in the domain of ai.onnx, for what opset 23 calls RMSNormalization. */
export default defineOp({
  name: 'SimplifiedLayerNormalization',
  domain: '',
  opsets: [1],
  summary: 'becomes RMSNormalization',
  inputs: [{ name: 'X' }, { name: 'scale', mustBeConstant: true }],
  outputs: ['Y'],
  attributes: normalizationAttributes,
  quantized: 'float',
  infer: (view) => [view.required(0)],
  normalize: (view, editor) => editor.updateNode(view.node, { op: 'RMSNormalization' }),
});
