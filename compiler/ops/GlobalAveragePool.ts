import { defineOp } from './define.js';
import { inferGlobalPool, normalizeGlobalPool } from './shared/pool.js';

export default defineOp({
  name: 'GlobalAveragePool',
  domain: '',
  opsets: [1, 22],
  summary: 'becomes AveragePool',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'integer',
  infer: (view) => [inferGlobalPool(view)],
  normalize: (view, editor) => normalizeGlobalPool(view, editor, 'AveragePool'),
});
