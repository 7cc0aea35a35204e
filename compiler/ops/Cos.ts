import { cosF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** Within 1.2e-7, for numbers of any size. */
export default defineUnary({
  name: 'Cos',
  opsets: [7, 22],
  input: 'input',
  output: 'output',
  rule: () => cosF32,
  kernel: 'nanoc_cos_f32',
  calls: ['nanoc_cos'],
});
