import { logF32 } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

export default defineUnary({
  name: 'Log',
  opsets: [6, 13],
  rule: () => logF32,
  kernel: 'nanoc_log_f32',
  calls: ['nanoc_log'],
});
