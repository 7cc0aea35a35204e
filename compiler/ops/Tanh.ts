import { tanhF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Tanh',
  opsets: [6, 13],
  rule: () => tanhF32,
  kernel: 'nanoc_tanh_f32',
  calls: ['nanoc_tanh', 'nanoc_exp'],
});
