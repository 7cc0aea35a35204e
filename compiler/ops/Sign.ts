import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Sign',
  opsets: [9, 13],
  rule: () => (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  integer: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  kernel: 'nanoc_sign_f32',
});
