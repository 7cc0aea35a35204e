import { sinF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** Within 1.2e-7, for numbers of any size. */
export default defineUnary({
  name: 'Sin',
  opsets: [7, 22],
  input: 'input',
  output: 'output',
  rule: () => sinF32,
  kernel: 'nanoc_sin_f32',
  calls: ['nanoc_sin'],
});
