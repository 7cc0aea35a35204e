import { sigmoidF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** 1 / (1 + e^-x) */
export default defineUnary({
  name: 'Sigmoid',
  opsets: [6, 13],
  rule: () => sigmoidF32,
  kernel: 'nanoc_sigmoid_f32',
});
