import { defineOp } from './define.js';
import { inferSkip, normalizeSkip } from './shared/skip-normalization.js';

export default defineOp({
  name: 'SkipSimplifiedLayerNormalization',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes Add and RMSNormalization; the sum as an output too',
  inputs: [
    { name: 'input' },
    { name: 'skip' },
    { name: 'gamma', mustBeConstant: true },
    { name: 'bias', optional: true },
  ],
  outputs: ['output', 'mean', 'inv_std_var', 'input_skip_bias_sum'],
  attributes: { epsilon: { type: 'float', default: 1e-12 } },
  quantized: 'float',
  infer: inferSkip,
  normalize: (view, editor) => normalizeSkip(view, editor, 'RMSNormalization', [view.node.inputs[2]!], 3),
});
