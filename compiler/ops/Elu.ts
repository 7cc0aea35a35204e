import { expF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

const f = Math.fround;

/** x, or alpha * (e^x - 1) where x is negative */
export default defineUnary({
  name: 'Elu',
  opsets: [6, 22],
  attributes: { alpha: { type: 'float', default: 1 } },
  rule: (view) => {
    const alpha = f(view.float('alpha'));
    return (x) => (x < 0 ? f(alpha * f(expF32(x) - 1)) : x);
  },
  kernel: 'nanoc_elu_f32',
  parameters: ['alpha'],
  calls: ['nanoc_exp'],
});
