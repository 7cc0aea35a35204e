import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Reciprocal',
  opsets: [6, 13],
  rule: () => (x) => Math.fround(1 / x),
  kernel: 'nanoc_reciprocal_f32',
});
