import { sqrtF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** Correctly rounded. */
export default defineUnary({
  name: 'Sqrt',
  opsets: [6, 13],
  rule: () => sqrtF32,
  kernel: 'nanoc_sqrt_f32',
  calls: ['nanoc_sqrt'],
});
