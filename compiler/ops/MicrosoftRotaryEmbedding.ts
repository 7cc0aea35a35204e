import { defineOp } from './define.js';
import { normalizeRotary, rotaryAttributes, rotaryGeometry } from './shared/rotary.js';

const INPUTS = { cos: 2, sin: 3, position: 1 };

export default defineOp({
  name: 'RotaryEmbedding',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'float32, one token, whole heads; halves or interleaved pairs; scale 1',
  inputs: [{ name: 'input' }, { name: 'position_ids' }, { name: 'cos_cache' }, { name: 'sin_cache' }],
  outputs: ['output'],
  attributes: {
    ...rotaryAttributes,
    is_packed_batching: { type: 'int', default: 0 },
    scale: {
      type: 'float',
      default: 1,
      check: (value) => (value === 1 ? undefined : `is ${String(value)}: only 1 is supported`),
    },
  },
  quantized: 'float',
  infer(view) {
    rotaryGeometry(view, INPUTS);
    return [view.required(0)];
  },
  normalize: (view, editor) => normalizeRotary(view, editor, INPUTS),
});
