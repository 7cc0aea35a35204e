import { defineUnary } from './shared/unary.js';

const f = Math.fround;

/** x, or alpha * x where x is negative */
export default defineUnary({
  name: 'LeakyRelu',
  opsets: [6, 16],
  attributes: { alpha: { type: 'float', default: 0.01 } },
  rule: (view) => {
    const alpha = f(view.float('alpha'));
    return (x) => (x < 0 ? f(alpha * x) : x);
  },
  kernel: 'nanoc_leaky_relu_f32',
  parameters: ['alpha'],
});
