import { defineOp } from './define.js';

/** If-25: the branches are taken into the graph when the model is read (1-import/branches.ts); here it stands for the list of operators. */
export default defineOp({
  name: 'If',
  domain: '',
  opsets: [1, 11, 13, 16, 19, 21, 23, 25, 24],
  summary: 'one branch runs, with outputs of one type and shape; nested too; constant conditions are folded',
  inputs: [{ name: 'cond' }],
  outputs: ['outputs'],
  attributes: {},
  quantized: 'float',
  infer: (view) => view.bad('has no branches'),
});
