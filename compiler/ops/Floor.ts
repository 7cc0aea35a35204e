import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Floor',
  opsets: [6, 13],
  rule: () => Math.floor,
  kernel: 'nanoc_floor_f32',
});
