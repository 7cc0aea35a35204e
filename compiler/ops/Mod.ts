import { defineOp } from './define.js';
import { evaluateBinary, inferBinary, refuseZeroDivisor } from './shared/elementwise.js';

/** Mod-13: the remainder has the sign of the divisor, as in Python; with `fmod` that of the dividend, as in C. */
export default defineOp({
  name: 'Mod',
  domain: '',
  opsets: [10, 13],
  summary: 'integers, where the compiler can compute them (shapes)',
  inputs: [{ name: 'A' }, { name: 'B' }],
  outputs: ['C'],
  attributes: { fmod: { type: 'int', default: 0 } },
  quantized: 'float',
  infer: (view) => {
    const { dtype, shape } = inferBinary(view);
    if (dtype === 'float32') view.bad(`"${view.required(0).name}" is float32`, { expected: 'integers' });
    return [{ dtype, shape }];
  },
  evaluate: (view, [a, b]) => {
    refuseZeroDivisor(view, b!);
    const integer = (p: bigint, q: bigint) => (view.int('fmod') === 1 ? p % q : ((p % q) + q) % q);
    return [evaluateBinary(view, a!, b!, { float: () => Number.NaN, integer })];
  },
});
