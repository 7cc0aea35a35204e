import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Neg',
  opsets: [6, 13],
  rule: () => (x) => -x,
  integer: (x) => -x,
  kernel: 'nanoc_neg_f32',
});
