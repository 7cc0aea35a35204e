import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Ceil',
  opsets: [6, 13],
  rule: () => Math.ceil,
  kernel: 'nanoc_ceil_f32',
});
