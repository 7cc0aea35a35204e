import { expF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Exp',
  opsets: [6, 13],
  rule: () => expF32,
  kernel: 'nanoc_exp_f32',
  calls: ['nanoc_exp'],
});
