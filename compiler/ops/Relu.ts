import { clamp } from '../numerics/round.js';
import { defineUnary } from './shared/unary.js';

/** max(x, 0) */
export default defineUnary({
  name: 'Relu',
  opsets: [6, 13, 14],
  rule: () => (x) => clamp(x, 0, Number.POSITIVE_INFINITY),
  integer: (x) => (x < 0n ? 0n : x),
  kernel: 'nanoc_relu_f32',
  clamps: true,
});
