import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Abs',
  opsets: [6, 13],
  rule: () => Math.abs,
  integer: (x) => (x < 0n ? -x : x),
  kernel: 'nanoc_abs_f32',
});
