import { softplusF32, tanhF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** x * tanh(log(1 + e^x)) */
export default defineUnary({
  name: 'Mish',
  opsets: [18, 22],
  rule: () => (x) => Math.fround(x * tanhF32(softplusF32(x))),
  kernel: 'nanoc_mish_f32',
  calls: ['nanoc_tanh', 'nanoc_log1p', 'nanoc_log', 'nanoc_exp'],
});
