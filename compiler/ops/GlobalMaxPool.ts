import { defineOp } from './define.js';
import { inferGlobalPool, normalizeGlobalPool } from './shared/pool.js';

export default defineOp({
  name: 'GlobalMaxPool',
  domain: '',
  opsets: [1, 22],
  summary: 'becomes MaxPool',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'moves-data',
  infer: (view) => [inferGlobalPool(view)],
  normalize: (view, editor) => normalizeGlobalPool(view, editor, 'MaxPool'),
});
