import { softplusF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** log(1 + e^x) */
export default defineUnary({
  name: 'Softplus',
  opsets: [1, 22],
  rule: () => softplusF32,
  kernel: 'nanoc_softplus_f32',
  calls: ['nanoc_log1p', 'nanoc_log', 'nanoc_exp'],
});
