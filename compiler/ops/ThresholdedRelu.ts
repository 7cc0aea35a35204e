import { defineUnary } from './shared/unary.js';

const f = Math.fround;

export default defineUnary({
  name: 'ThresholdedRelu',
  opsets: [10, 22],
  attributes: { alpha: { type: 'float', default: 1 } },
  rule: (view) => {
    const alpha = f(view.float('alpha'));
    return (x) => (x > alpha ? x : 0);
  },
  kernel: 'nanoc_thresholded_relu_f32',
  parameters: ['alpha'],
});
