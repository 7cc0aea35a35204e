import { defineOp } from './define.js';
import { inferChannels, normalizeGroups } from './shared/group-normalization.js';
import { floatsOf } from './shared/rewrite.js';

/** InstanceNormalization-22: each channel of each image by its own mean and variance. */
export default defineOp({
  name: 'InstanceNormalization',
  domain: '',
  opsets: [1, 6, 22],
  summary: 'float32, constant scale and bias: becomes LayerNormalization, Mul and Add',
  inputs: [{ name: 'input' }, { name: 'scale', mustBeConstant: true }, { name: 'B', mustBeConstant: true }],
  outputs: ['output'],
  attributes: { epsilon: { type: 'float', default: 1e-5 } },
  quantized: 'float',
  infer: (view) => [inferChannels(view, (channels) => channels)],
  normalize: (view, editor) =>
    normalizeGroups(view, editor, view.required(0).shape[1]!, floatsOf(view, 1), floatsOf(view, 2)),
});
