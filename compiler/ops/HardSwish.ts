import { hardSigmoid } from '../numerics/float-math.js';
import { defineUnary } from './shared/unary.js';

/** x * max(0, min(1, x / 6 + 1 / 2)), with float32(1 / 6) as a factor */
export default defineUnary({
  name: 'HardSwish',
  opsets: [14, 22],
  rule: () => {
    const gate = hardSigmoid(1 / 6, 0.5);
    return (x) => Math.fround(x * gate(x));
  },
  kernel: 'nanoc_hard_swish_f32',
});
