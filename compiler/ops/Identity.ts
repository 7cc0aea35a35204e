import { defineOp } from './define.js';
import { renamed } from './Reshape.js';
import { replaceByReshape } from './shared/rewrite.js';

export default defineOp({
  name: 'Identity',
  domain: '',
  opsets: [1, 13, 14, 16, 19, 21, 23, 24],
  summary: 'becomes Reshape, and mostly nothing',
  inputs: [{ name: 'input' }],
  outputs: ['output'],
  attributes: {},
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    return [{ dtype, shape }];
  },
  normalize: (view, editor) => replaceByReshape(editor, view.node),
  evaluate: (view, [x]) => [renamed(view, x!)],
});
