import { defineOp } from './define.js';
import { inferSkip, normalizeSkip } from './shared/skip-normalization.js';

export default defineOp({
  name: 'SkipLayerNormalization',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes Add and LayerNormalization; the sum as an output too',
  inputs: [
    { name: 'input' },
    { name: 'skip' },
    { name: 'gamma', mustBeConstant: true },
    { name: 'beta', optional: true, mustBeConstant: true },
    { name: 'bias', optional: true },
  ],
  outputs: ['output', 'mean', 'inv_std_var', 'input_skip_bias_sum'],
  attributes: { epsilon: { type: 'float', default: 1e-12 } },
  quantized: 'float',
  infer: inferSkip,
  normalize(view, editor) {
    const beta = view.input(3)?.name;
    const parameters = [view.node.inputs[2]!, ...(beta === undefined ? [] : [beta])];
    normalizeSkip(view, editor, 'LayerNormalization', parameters, 4);
  },
});
