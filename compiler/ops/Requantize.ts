import { defineOp } from './define.js';
import { evaluateUnary, tableKernels } from './shared/unary.js';

const rule = () => (x: number) => x;

/** Q(DQ(x)) in one node: nanoc makes it where bytes change their scale, zero point or type. */
export default defineOp({
  name: 'Requantize',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'from one scale and zero point to another: a table of 256 bytes',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'table',
  infer: (view) => [{ dtype: view.output(0).dtype, shape: view.required(0).shape }],
  evaluate: (view, [x]) => [evaluateUnary(view, x!, rule())],
  kernels: tableKernels(rule),
});
