import { defineUnary } from './shared/unary.js';

/** x / (1 + |x|) */
export default defineUnary({
  name: 'Softsign',
  opsets: [1, 22],
  rule: () => (x) => Math.fround(x / Math.fround(1 + Math.abs(x))),
  kernel: 'nanoc_softsign_f32',
});
