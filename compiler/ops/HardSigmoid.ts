import { hardSigmoid } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** max(0, min(1, alpha * x + beta)) */
export default defineUnary({
  name: 'HardSigmoid',
  opsets: [6, 22],
  attributes: { alpha: { type: 'float', default: 0.2 }, beta: { type: 'float', default: 0.5 } },
  rule: (view) => hardSigmoid(view.float('alpha'), view.float('beta')),
  kernel: 'nanoc_hard_sigmoid_f32',
  parameters: ['alpha', 'beta'],
});
