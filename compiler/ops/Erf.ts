import { erfF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Erf',
  opsets: [9, 13],
  rule: () => erfF32,
  kernel: 'nanoc_erf_f32',
  calls: ['nanoc_erf', 'nanoc_exp'],
});
