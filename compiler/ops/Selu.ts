import { expF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

const f = Math.fround;

/** gamma * x, or gamma * alpha * (e^x - 1) where x is negative */
export default defineUnary({
  name: 'Selu',
  opsets: [6, 22],
  attributes: {
    alpha: { type: 'float', default: 1.6732632423543772 },
    gamma: { type: 'float', default: 1.0507009873554805 },
  },
  rule: (view) => {
    const [alpha, gamma] = [f(view.float('alpha')), f(view.float('gamma'))];
    return (x) => f(gamma * (x < 0 ? f(alpha * f(expF32(x) - 1)) : x));
  },
  kernel: 'nanoc_selu_f32',
  parameters: ['alpha', 'gamma'],
  calls: ['nanoc_exp'],
});
