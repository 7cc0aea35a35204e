import { expF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

const f = Math.fround;

/** x, or alpha * (e^(x / alpha) - 1) where x is negative */
export default defineUnary({
  name: 'Celu',
  opsets: [12],
  attributes: { alpha: { type: 'float', default: 1 } },
  rule: (view) => {
    const alpha = f(view.float('alpha'));
    return (x) => (x < 0 ? f(alpha * f(expF32(f(x / alpha)) - 1)) : x);
  },
  kernel: 'nanoc_celu_f32',
  parameters: ['alpha'],
  calls: ['nanoc_exp'],
});
