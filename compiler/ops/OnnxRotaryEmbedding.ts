import { defineOp } from './define.js';
import { normalizeRotary, rotaryAttributes, rotaryGeometry } from './shared/rotary.js';

const INPUTS = { cos: 1, sin: 2, position: 3 };

export default defineOp({
  name: 'RotaryEmbedding',
  domain: '',
  opsets: [23],
  summary: 'float32, one token, whole heads; halves or interleaved pairs',
  inputs: [{ name: 'X' }, { name: 'cos_cache' }, { name: 'sin_cache' }, { name: 'position_ids', optional: true }],
  outputs: ['Y'],
  attributes: rotaryAttributes,
  quantized: 'float',
  infer(view) {
    rotaryGeometry(view, INPUTS);
    return [view.required(0)];
  },
  normalize: (view, editor) => normalizeRotary(view, editor, INPUTS),
});
