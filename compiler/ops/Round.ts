import { roundF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** Ties to even. */
export default defineUnary({
  name: 'Round',
  opsets: [11, 22],
  rule: () => roundF32,
  kernel: 'nanoc_round_even_f32',
});
