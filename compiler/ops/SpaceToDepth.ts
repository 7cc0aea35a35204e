import { defineOp } from './define.js';
import { blocksize, imageOf, replaceByBlocks } from './shared/blocks.js';

export default defineOp({
  name: 'SpaceToDepth',
  domain: '',
  opsets: [1, 13],
  summary: 'becomes Reshape and Transpose',
  inputs: [{ name: 'input' }],
  outputs: ['output'],
  attributes: { blocksize },
  quantized: 'moves-data',
  infer(view) {
    const [n, c, h, w] = imageOf(view);
    const b = view.int('blocksize');
    if (h % b !== 0 || w % b !== 0) view.bad(`${h}x${w} does not divide into blocks of ${b}x${b}`);
    return [{ dtype: view.required(0).dtype, shape: [n, c * b * b, h / b, w / b] }];
  },
  normalize(view, editor) {
    const [n, c, h, w] = imageOf(view);
    const b = view.int('blocksize');
    replaceByBlocks(view, editor, [n, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4]);
  },
});
