import { defineOp } from './define.js';

/** 1-import turns each Constant into a constant value, so no node of this operator reaches the later phases. */
export default defineOp({
  name: 'Constant',
  domain: '',
  opsets: [1, 9, 11, 12, 13, 19, 21, 23, 24],
  summary: 'value, value_int(s), value_float(s)',
  inputs: [],
  outputs: ['output'],
  attributes: {
    value: { type: 'tensor' },
    value_float: { type: 'float' },
    value_floats: { type: 'floats' },
    value_int: { type: 'int' },
    value_ints: { type: 'ints' },
  },
  quantized: 'moves-data',
  infer(view) {
    throw new Error(`invariant: Constant "${view.node.name}" was not read at import`);
  },
});
