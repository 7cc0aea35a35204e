import { defineOp } from './define.js';
import { blocksize, imageOf, replaceByBlocks } from './shared/blocks.js';

export default defineOp({
  name: 'DepthToSpace',
  domain: '',
  opsets: [1, 11, 13],
  summary: 'modes DCR and CRD; becomes Reshape and Transpose',
  inputs: [{ name: 'input' }],
  outputs: ['output'],
  attributes: {
    blocksize,
    mode: {
      type: 'string',
      default: 'DCR',
      check: (mode) => (mode === 'DCR' || mode === 'CRD' ? undefined : `is unknown: "${mode}"`),
    },
  },
  quantized: 'moves-data',
  infer(view) {
    const [n, c, h, w] = imageOf(view);
    const b = view.int('blocksize');
    if (c % (b * b) !== 0) view.bad(`${c} channels do not divide into blocks of ${b}x${b}`);
    return [{ dtype: view.required(0).dtype, shape: [n, c / (b * b), h * b, w * b] }];
  },
  normalize(view, editor) {
    const [n, c, h, w] = imageOf(view);
    const b = view.int('blocksize');
    const depth = c / (b * b);
    // DCR: the block's position is the slower part of the channel; CRD: the faster one.
    if (view.string('mode') === 'DCR') replaceByBlocks(view, editor, [n, b, b, depth, h, w], [0, 3, 4, 1, 5, 2]);
    else replaceByBlocks(view, editor, [n, depth, b, b, h, w], [0, 1, 4, 2, 5, 3]);
  },
});
